"""What can go wrong when somebody asks for a way to a host."""

from services.chassis.errors import Conflict, Problem, Unavailable


class UnknownCloud(Problem):
    slug = "unknown-cloud"
    status = 422
    title = "This relay has no route to that cloud"


class AddressOutsideCloud(Problem):
    """An address that is not in its cloud's networks is never dialled."""

    slug = "address-outside-cloud"
    status = 422
    title = "The address is not in the cloud's networks"


class SessionExpired(Problem):
    slug = "session-expired"
    status = 422
    title = "The time of expiry has passed"


class TooManySessions(Conflict):
    slug = "too-many-sessions"
    title = "The relay holds as many sessions as it may"


class HostUnreachable(Unavailable):
    slug = "host-unreachable"
    title = "The host does not answer"
