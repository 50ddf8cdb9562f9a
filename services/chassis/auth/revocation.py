"""What was revoked and has not yet ended by itself: fed by event within a second, by pull within ten."""

from collections.abc import Callable

import msgspec

from services.chassis.auth.caller import Caller


class Revocation(msgspec.Struct, frozen=True):
    """One revocation: of a subject, a credential (``sid``), a token (``jti``) or a mandate's operation.

    ``grants`` ends the passes of a subject whose roles have changed, and leaves its sessions.

    ``before`` is the Unix time: what was issued later is good again. ``number`` grows,
    so that a pull can ask for what is new.
    """

    number: int
    kind: str
    value: str
    before: float


class Revocations:
    """The revocations that this process knows, by what they revoke; ``heard_at`` is when authz last told them all."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], float] = {}
        self._watchers: list[Callable[[Revocation], None]] = []
        self.last_number = 0
        self.heard_at = 0.0

    def watch(self, watcher: Callable[[Revocation], None]) -> None:
        """Have ``watcher`` called at once with each revocation that is new here: it ends what lasts (streams)."""
        self._watchers.append(watcher)

    def add(self, revocation: Revocation) -> None:
        """Take note of a revocation; the same one twice does no harm."""
        key = (revocation.kind, revocation.value)
        known = self._values.get(key, 0.0)
        self._values[key] = max(revocation.before, known)
        self.last_number = max(self.last_number, revocation.number)
        if revocation.before > known:
            for watcher in self._watchers:
                watcher(revocation)

    def hit(self, caller: Caller) -> bool:
        """Tell whether the caller's token, credential, subject or operation was revoked after the token was made."""
        if not self._values:
            return False
        names = (
            ("subject", "" if caller.outlives_subject else caller.subject),
            ("grants", caller.subject if caller.chain and not caller.outlives_subject else ""),
            ("token", caller.token_id),
            ("credential", caller.credential_id or ""),
            ("operation", caller.operation_id or ""),
        )
        return any(caller.issued_at < self._values.get(name, 0.0) for name in names)
