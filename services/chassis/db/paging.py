"""Keyset pages: each page starts where the one before ended, at the same cost at any depth."""

import base64
import binascii
import datetime
import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, literal, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import KeyedColumnElement

from services.chassis.errors import FieldProblem, InvalidRequest

Direction = Literal["asc", "desc"]
MAXIMUM_LIMIT = 1000


class BadCursor(InvalidRequest, ValueError):
    """The cursor was not made by this list."""


class Page(msgspec.Struct, frozen=True):
    """Some rows, and the cursor of the rows after them (None at the end)."""

    rows: Sequence[Row[Any]]
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
        limit = max(1, min(limit, MAXIMUM_LIMIT))
        if cursor is not None:
            query = query.where(self._after(self._decode(cursor)))
        rows = (await transaction.execute(query.order_by(*self._order()).limit(limit + 1))).all()
        more = len(rows) > limit
        return Page(rows[:limit], self._encode(rows[limit - 1]) if more else None)

    def _order(self) -> list[ColumnElement[Any]]:
        pairs = zip(self._columns, self._directions, strict=True)
        return [column.desc() if direction == "desc" else column.asc() for column, direction in pairs]

    def _after(self, values: list[Any]) -> ColumnElement[bool]:
        """Rows beyond ``values``: one row comparison where all columns go one way (an index serves it)."""
        bound = [literal(value, column.type) for value, column in zip(values, self._columns, strict=True)]
        if len(set(self._directions)) == 1:
            left, right = tuple_(*self._columns), tuple_(*bound)
            return left < right if self._directions[0] == "desc" else left > right
        steps = []
        for index, direction in enumerate(self._directions):
            equal = [self._columns[i] == bound[i] for i in range(index)]
            column = self._columns[index]
            steps.append(and_(*equal, column < bound[index] if direction == "desc" else column > bound[index]))
        return or_(*steps)

    def _encode(self, row: Row[Any]) -> str:
        values = [_plain(row._mapping[column.key]) for column in self._columns]
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
