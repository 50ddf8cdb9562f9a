"""Wait for an operation as a customer's script does: by asking again and again."""

import time

from cloudpoint import Client
from cloudpoint.generated import types

_ENDED = frozenset({"succeeded", "failed", "parked", "undone"})


def succeeded(client: Client, operation_id: str, *, look_seconds: float, deadline_seconds: float) -> types.Operation:
    """Return an operation that has succeeded. Raises RuntimeError for one that ends otherwise, or not in time."""
    deadline = time.monotonic() + deadline_seconds
    while (operation := client.operations.show(operation_id)).state not in _ENDED:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{operation.kind} is {operation.state} after {deadline_seconds:.0f} s")
        time.sleep(look_seconds)
    if operation.state != "succeeded":
        told = operation.reason
        raise RuntimeError(f"{operation.kind} is {operation.state}: {told and (told.sentence, told.evidence)}")
    return operation
