"""What events refuses."""

from services.chassis.errors import Unavailable


class TooManyStreams(Unavailable):
    """This process has as many open streams as it may."""

    slug = "too-many-streams"

    def __init__(self) -> None:
        super().__init__("There are too many open streams.", hint="Try again soon.", headers={"Retry-After": "5"})
