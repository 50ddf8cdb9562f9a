"""The three tokens of the inside, as claims.

* A **pass** (``pass+jwt``, signed by authz, 60 s): this subject, through these services, may do this on these projects
  at one audience; bound to its bearer's key by ``cnf`` (RFC 7800; the exchange is RFC 8693).
* A **mandate** (``mandate+jwt``, signed by authz): the same for one operation of one service, as long as it may last.
* A **hop** (``hop+jwt``, signed by the mandate's holder, 60 s): the mandate inside a token for one audience.
"""

from typing import Any

import msgspec

ISSUER = "authz"
PASS_SECONDS = 60
HOP_SECONDS = 60


class Confirmation(msgspec.Struct, frozen=True):
    """The thumbprint of the key whose holder may use the token (RFC 7800, ``jkt`` of RFC 9449)."""

    jkt: str


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """The chain of services a request came through, the last one outermost (RFC 8693, section 4.1)."""

    sub: str
    act: "Actor | None" = None

    def chain(self) -> tuple[str, ...]:
        """Return the services in the order of the request, first the one that faced the person."""
        inner = self.act.chain() if self.act else ()
        return (*inner, self.sub)


class Grants(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may be done: permissions by project, and platform-wide ones."""

    projects: dict[str, tuple[str, ...]] = {}
    platform: tuple[str, ...] = ()


class MandateReach(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a mandate (see :class:`MandateClaims`) in all that came from it; ``until`` is its end."""

    operation: str
    grants: Grants
    until: int
    requires: str | None = None
    ends_with_subject: bool = False


class Narrowing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a pass may never exceed, at whatever audience it is exchanged for.

    ``projects`` and ``role`` come from an API token that was made so; ``mandate`` from the hop at the chain's
    beginning: then only what the mandate grants counts.
    """

    projects: tuple[str, ...] | None = None
    role: str | None = None
    mandate: MandateReach | None = None


class PassClaims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Claims of a pass. ``sub`` is a person, or ``svc:<name>`` for a service that acts for itself.

    ``sid`` is the credential it came from (API token or session), by which it is revoked.
    """

    iss: str
    sub: str
    aud: str
    iat: float
    exp: int
    jti: str
    cnf: Confirmation
    act: Actor
    grants: Grants
    sid: str | None = None
    narrowing: Narrowing | None = None


class MandateClaims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Claims of a mandate: bound to the holder's key and to one operation; ``standing`` names a reconciler's.

    ``requires`` is the permission that the subject must still hold, asked before each forward step. A mandate ends with
    a revocation of its subject only where ``ends_with_subject`` says so: undo and delete keep theirs.
    """

    iss: str
    sub: str
    iat: float
    exp: int
    jti: str
    cnf: Confirmation
    act: Actor
    operation: str
    grants: Grants
    standing: str | None = None
    requires: str | None = None
    ends_with_subject: bool = False


class HopClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Claims of a hop token; ``mandate`` is the mandate itself, as authz signed it."""

    iss: str
    aud: str
    iat: int
    exp: int
    mandate: str


class ProofClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Claims of a proof: the service that says so, and the one it says it to."""

    iss: str
    aud: str
    iat: int
    exp: int


def claims_dict(claims: msgspec.Struct) -> dict[str, Any]:
    """Return claims as the plain dictionary that a JWT library signs."""
    plain: dict[str, Any] = msgspec.to_builtins(claims)
    return plain
