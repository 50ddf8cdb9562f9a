"""Requests with an ``Idempotency-Key`` in PostgreSQL: one attempt at a time, its answer kept sealed for a day.

The answer is sealed by a key that is derived from the ``Idempotency-Key``, of which only a digest is stored: some
answers hold a secret that is shown once, and the table alone must not give it away.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.db import Database
from services.chassis.ids import new_id
from services.gateway.domain.idempotency import KeptAnswer, KeyedRequest
from services.gateway.exceptions import KeyReused, StillRunning
from services.gateway.schema import idempotency_keys as table

_RETRY_SECONDS = 1
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Attempt:
    """The right to answer one request; ``id`` fences the one that holds it from one whose lease ran out."""

    id: str
    request: KeyedRequest


class IdempotencyStore:
    """``lease_seconds`` is longer than any request may take; after that a request without answer may be tried anew."""

    def __init__(self, db: Database, *, lease_seconds: float, keep_hours: float) -> None:
        self._db = db
        self._lease = timedelta(seconds=lease_seconds)
        self._keep = timedelta(hours=keep_hours)

    async def begin(self, request: KeyedRequest) -> Attempt | KeptAnswer:
        """Take the right to answer ``request``, or return what it was answered.

        Raises KeyReused if the key stands for another request, StillRunning while somebody else answers it.
        """
        attempt = Attempt(new_id("att"), request)
        async with self._db.unscoped() as tx:
            if (await tx.execute(self._claim(attempt))).scalar_one_or_none():
                return attempt
            row = (await tx.execute(select(table).where(_is(request)))).one_or_none()
        return _earlier(request, row)

    async def keep(self, attempt: Attempt, answer: KeptAnswer) -> None:
        """Keep the answer; one whose lease ran out and was taken over changes nothing."""
        sealed = _seal(attempt.request, answer)
        change = update(table).where(_holds(attempt)).values(status=answer.status, sealed_answer=sealed)
        async with self._db.unscoped() as tx:
            await tx.execute(change)

    async def release(self, attempt: Attempt) -> None:
        """Forget a request that had no effect, so that it may be sent again at once."""
        async with self._db.unscoped() as tx:
            await tx.execute(delete(table).where(_holds(attempt)))

    async def purge(self) -> int:
        """Delete what is older than it is kept; return how many."""
        async with self._db.unscoped() as tx:
            return (await tx.execute(delete(table).where(table.c.expires_at < datetime.now(UTC)))).rowcount

    def _claim(self, attempt: Attempt) -> Any:
        now = datetime.now(UTC)
        request = attempt.request
        held = {
            "request_digest": request.request_digest,
            "attempt": attempt.id,
            "lease_until": now + self._lease,
            "expires_at": now + self._keep,
            "status": None,
            "sealed_answer": None,
        }
        left_open = and_(
            table.c.status.is_(None), table.c.lease_until < now, table.c.request_digest == request.request_digest
        )
        names = {"subject": request.subject, "route": request.route, "key_digest": request.key_digest}
        return (
            insert(table)
            .values(**names, **held)
            .on_conflict_do_update(
                index_elements=list(names), set_=held, where=or_(left_open, table.c.expires_at < now)
            )
            .returning(table.c.attempt)
        )


def _earlier(request: KeyedRequest, row: Row[Any] | None) -> KeptAnswer:
    if row is None:
        raise StillRunning(_RETRY_SECONDS)
    if row.request_digest != request.request_digest:
        raise KeyReused()
    if row.status is None:
        raise StillRunning(_RETRY_SECONDS)
    return _open(request, row.sealed_answer)


def _is(request: KeyedRequest) -> ColumnElement[bool]:
    return and_(
        table.c.subject == request.subject,
        table.c.route == request.route,
        table.c.key_digest == request.key_digest,
    )


def _holds(attempt: Attempt) -> ColumnElement[bool]:
    return and_(_is(attempt.request), table.c.attempt == attempt.id)


def _seal(request: KeyedRequest, answer: KeptAnswer) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _cipher(request).encrypt(nonce, msgspec.msgpack.encode(answer), None)


def _open(request: KeyedRequest, sealed: bytes) -> KeptAnswer:
    plain = _cipher(request).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
    return msgspec.msgpack.decode(plain, type=KeptAnswer)


def _cipher(request: KeyedRequest) -> AESGCM:
    info = f"{request.subject}\n{request.route}".encode()
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(request.key.encode()))
