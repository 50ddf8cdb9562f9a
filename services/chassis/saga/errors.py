"""What a step raises, and what a caller of the store may get."""

from services.chassis.errors import Conflict, NotFound
from services.chassis.saga.model import Reason


class StepFailed(Exception):
    """The step cannot be done; the operation parks with ``reason`` (or is put back, when nothing exists outside)."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


class Transient(Exception):
    """A passing trouble: the unit is tried again with backoff, and fails when it does not pass."""


class Suspended(Exception):
    """``before_forward`` does not let the operation go on; it parks with ``reason`` and can be resumed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


class LeaseLost(Exception):
    """Another worker has the operation: stop without a trace. Steps let it pass."""


class Interrupted(Exception):
    """The operation is being cancelled: start nothing more outside. Steps let it pass."""


class WrongState(Conflict):
    """The operation is in a state in which this cannot be asked for."""

    slug = "operation-in-wrong-state"
    title = "The operation is in another state"


class NoSuchOperation(NotFound):
    """There is no such operation in the scope of the transaction."""
