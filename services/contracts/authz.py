"""What authz answers: the exchange of tokens, mandates, bindings, the audit record."""

from typing import Any

import msgspec

from services.contracts.times import Timestamp


class MandateRequest(msgspec.Struct, frozen=True):
    """Ask for a mandate of ``kind`` for one operation on one project, with the token the asker was called with.

    With a ``holder`` it is for another service that the asker will call in the course of its own mandate's operation:
    the token is then the one with which it would call.
    """

    kind: str
    operation_id: str
    project_id: str
    subject_token: str
    holder: str | None = None


class StandingRequest(msgspec.Struct, frozen=True):
    """Ask for a reconciler's standing mandate by its name in the dictionary."""

    name: str


class MandateAnswer(msgspec.Struct, frozen=True):
    """``mandate`` is the signed token; keep it with the operation."""

    mandate: str
    expires_at: Timestamp


class MandateCheck(msgspec.Struct, frozen=True):
    """Whether a mandate's subject still holds what it required: asked before each new forward step."""

    mandate: str


class MandateStanding(msgspec.Struct, frozen=True):
    """``valid`` or not, with the reason in a sentence when it is not."""

    valid: bool
    reason: str | None = None


class Binding(msgspec.Struct, frozen=True):
    """One role of one subject; ``project_id`` is null for a platform role."""

    subject: str
    role: str
    project_id: str | None = None


class BindingList(msgspec.Struct, frozen=True):
    items: list[Binding]


class RevocationRequest(msgspec.Struct, frozen=True):
    """Revoke a ``subject``, ``credential``, ``token`` or ``operation`` by its id: all that was issued until now."""

    kind: str
    value: str
    reason: str


class Suspension(msgspec.Struct, frozen=True):
    """Suspend a subject: nothing is passed for it any more, and its operations pause."""

    reason: str


class AuditVerification(msgspec.Struct, frozen=True):
    """Whether the chain holds from its first record to its last; ``first_broken`` is the number where it breaks."""

    records: int
    intact: bool
    first_broken: int | None = None
    last_digest: str | None = None


class Explanation(msgspec.Struct, frozen=True):
    """Whether a subject may do something on a project, and why (or why not), in sentences."""

    allowed: bool
    sentences: list[str]


class AuditRecord(msgspec.Struct, frozen=True):
    """One line of the audit chain; ``digest`` covers it and the one before, so that a gap or a change shows."""

    number: int
    at: Timestamp
    kind: str
    subject: str
    project_id: str | None
    chain: list[str]
    data: dict[str, Any]
    digest: str
