"""People as rows. E-mail addresses are kept in lower case: nobody has two accounts by a capital letter."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.db import Keyset
from services.contracts.identity import User
from services.identity.exceptions import AlreadyThere
from services.identity.schema import person

_NEWEST = Keyset((person.c.created_at, "desc"), (person.c.id, "desc"))
_SHOWN: tuple[Any, ...] = (person.c.id, person.c.email, person.c.name, person.c.state, person.c.created_at)


async def add(tx: AsyncConnection, user_id: str, email: str, name: str, password_hash: str) -> User:
    """Add a person. Raises AlreadyThere."""
    values = {"id": user_id, "email": email.lower(), "name": name, "password_hash": password_hash}
    try:
        row = (await tx.execute(insert(person).values(values).returning(*_SHOWN))).one()
    except IntegrityError as error:
        raise AlreadyThere(f"There is an account for {email.lower()}.") from error
    return _user(row)


async def get(tx: AsyncConnection, user_id: str) -> User | None:
    """Return one person."""
    row = (await tx.execute(select(*_SHOWN).where(person.c.id == user_id))).first()
    return _user(row) if row else None


async def find(tx: AsyncConnection, id_or_email: str) -> User | None:
    """Return a person by id or e-mail address."""
    named = or_(person.c.id == id_or_email, person.c.email == id_or_email.lower())
    row = (await tx.execute(select(*_SHOWN).where(named))).first()
    return _user(row) if row else None


async def by_ids(tx: AsyncConnection, ids: Iterable[str]) -> list[User]:
    """Return people by id, in order of their e-mail addresses; unknown ids are left out."""
    query = select(*_SHOWN).where(person.c.id.in_(list(ids))).order_by(person.c.email)
    return [_user(row) for row in await tx.execute(query)]


async def with_password(tx: AsyncConnection, email: str) -> Row[Any] | None:
    """Return id, state and password hash of the person with this address."""
    wanted: tuple[Any, ...] = (person.c.id, person.c.state, person.c.password_hash)
    query = select(*wanted).where(person.c.email == email.lower())
    return (await tx.execute(query)).first()


async def password_of(tx: AsyncConnection, user_id: str) -> str | None:
    """Return the password hash of a person."""
    return (await tx.execute(select(person.c.password_hash).where(person.c.id == user_id))).scalar_one_or_none()


async def set_password(tx: AsyncConnection, user_id: str, password_hash: str) -> None:
    """Set the password hash of a person."""
    await tx.execute(update(person).where(person.c.id == user_id).values(password_hash=password_hash))


async def state(tx: AsyncConnection, user_id: str) -> str | None:
    """Return the state of a person."""
    return (await tx.execute(select(person.c.state).where(person.c.id == user_id))).scalar_one_or_none()


async def set_state(tx: AsyncConnection, user_id: str, wanted: str) -> User | None:
    """Set the state of a person and return them; None when there is no such person."""
    query = update(person).where(person.c.id == user_id).values(state=wanted).returning(*_SHOWN)
    row = (await tx.execute(query)).first()
    return _user(row) if row else None


async def somebody_is_there(tx: AsyncConnection) -> bool:
    """Tell whether there is anybody; from here to its end only one transaction may ask."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('identity first person'))"))
    return (await tx.execute(select(person.c.id).limit(1))).first() is not None


async def page(tx: AsyncConnection, limit: int, cursor: str | None) -> tuple[list[User], str | None]:
    """Return one page of people, the newest first."""
    got = await _NEWEST.fetch(tx, select(*_SHOWN), limit=limit, cursor=cursor)
    return [_user(row) for row in got.rows], got.next_cursor


def _user(row: Row[Any]) -> User:
    return User(id=row.id, email=row.email, name=row.name, state=row.state, created_at=row.created_at)
