"""How a worker works."""

import msgspec


class SagaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a saga worker.

    A worker that dies is replaced when its leases end, so ``lease_seconds`` bounds that delay. ``operations`` is how
    many one worker drives at most. It takes no more while ``at_work`` of them are at work, so that what is begun goes
    on without delay: not those whose step has waited ``slow_seconds`` for an answer. A unit in passing trouble waits
    ``retry_seconds``, doubled each time. For a sibling service that is away it tries ``away_attempts`` times, which is
    more than ten minutes: an outage parks no builds.
    """

    lease_seconds: float = 10.0
    poll_seconds: float = 1.0
    operations: int = 50
    at_work: int = 8
    slow_seconds: float = 0.25
    retry_seconds: float = 1.0
    longest_retry_seconds: float = 30.0
    away_attempts: int = 40
