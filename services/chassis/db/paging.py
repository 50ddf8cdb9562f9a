"""Keyset pages: each page starts where the one before ended, at the same cost at any depth."""

import base64
import binascii
import datetime
import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import KeyedColumnElement

from services.chassis.errors import FieldProblem, InvalidRequest

Direction = Literal["asc", "desc"]
MAXIMUM_LIMIT = 1000
_LIMIT, _PLACE = "page_limit", "page_{}"


class BadCursor(InvalidRequest, ValueError):
    """The cursor was not made by this list."""


class Page(msgspec.Struct, frozen=True):
    """Some rows, and the cursor of the rows after them (None at the end)."""

    rows: Sequence[Any]
    next_cursor: str | None


class _Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    order: str
    values: list[str | int | float | bool]


class Keyset:
    """An order of rows by columns without nulls, the last of them unique within the list.

    The columns must be among those selected, under their own names.
    """

    def __init__(self, *order: tuple[KeyedColumnElement[Any], Direction]) -> None:
        self._columns = [column for column, _ in order]
        self._directions = [direction for _, direction in order]
        description = ",".join(f"{column} {direction}" for column, direction in order)
        self._fingerprint = hashlib.sha256(description.encode()).hexdigest()[:8]

    async def fetch(
        self, transaction: AsyncConnection, query: Select[Any], *, limit: int, cursor: str | None = None
    ) -> Page:
        """Run ``query`` for at most ``limit`` rows (1 to 1000) after ``cursor``. Raises BadCursor."""
        values = self.values(limit, cursor)
        rows = (await transaction.execute(self.select(query, beyond=cursor is not None), values)).all()
        return self.page(rows, limit)

    def select(self, query: Select[Any], *, beyond: bool) -> Select[Any]:
        """Return ``query`` for one page, the first or one ``beyond`` a cursor; :meth:`values` are its parameters."""
        if beyond:
            query = query.where(self._after())
        return query.order_by(*self._order()).limit(bindparam(_LIMIT, type_=Integer))

    def values(self, limit: int, cursor: str | None) -> dict[str, Any]:
        """Return the parameters of the page of ``limit`` rows (1 to 1000) after ``cursor``. Raises BadCursor."""
        after = self._decode(cursor) if cursor is not None else []
        return {_LIMIT: _bounded(limit) + 1, **{_PLACE.format(index): value for index, value in enumerate(after)}}

    def page(self, rows: Sequence[Any], limit: int) -> Page:
        """Return the rows that :meth:`select` found as a page of ``limit``."""
        limit = _bounded(limit)
        more = len(rows) > limit
        return Page(rows[:limit], self._encode(rows[limit - 1]) if more else None)

    def _order(self) -> list[ColumnElement[Any]]:
        pairs = zip(self._columns, self._directions, strict=True)
        return [column.desc() if direction == "desc" else column.asc() for column, direction in pairs]

    def _after(self) -> ColumnElement[bool]:
        """Rows beyond a place: one row comparison where all columns go one way (an index serves it)."""
        bound = [bindparam(_PLACE.format(index), type_=column.type) for index, column in enumerate(self._columns)]
        if len(set(self._directions)) == 1:
            left, right = tuple_(*self._columns), tuple_(*bound)
            return left < right if self._directions[0] == "desc" else left > right
        steps = []
        for index, direction in enumerate(self._directions):
            equal = [self._columns[i] == bound[i] for i in range(index)]
            column = self._columns[index]
            steps.append(and_(*equal, column < bound[index] if direction == "desc" else column > bound[index]))
        return or_(*steps)

    def _encode(self, row: Any) -> str:
        held = getattr(row, "_mapping", row)
        values = [_plain(held[column.key]) for column in self._columns]
        packed = msgspec.json.encode(_Position(self._fingerprint, values))
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    def _decode(self, cursor: str) -> list[Any]:
        try:
            packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            position = msgspec.json.decode(packed, type=_Position)
            if position.order != self._fingerprint:
                raise ValueError("another list's cursor")
            kinds = [column.type.python_type for column in self._columns]
            return [_typed(value, kind) for value, kind in zip(position.values, kinds, strict=True)]
        except (binascii.Error, ValueError, TypeError, msgspec.MsgspecError) as error:
            hint = "Take it from next_cursor of the page before, or leave it out."
            problem = FieldProblem("?cursor", "is not a cursor of this list", hint)
            raise BadCursor("The cursor is not one of this list.", hint=hint, errors=(problem,)) from error


def _bounded(limit: int) -> int:
    return max(1, min(limit, MAXIMUM_LIMIT))


def _plain(value: Any) -> str | int | float | bool:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"Pages cannot be ordered by a value of type {type(value).__name__}.")


def _typed(value: Any, kind: type) -> Any:
    if kind is datetime.datetime and isinstance(value, str):
        moment = datetime.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind or (isinstance(value, str) and "\0" in value):
        raise TypeError("a value of another type")
    return value
