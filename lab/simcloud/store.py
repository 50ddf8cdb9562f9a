"""Typed records in one SQLite file: a table per kind of record, JSON inside, generated columns where we search."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from uuid import uuid4

import msgspec


class Record(msgspec.Struct, kw_only=True):
    """What is stored: anything with an id."""

    id: str


class Present:
    """Search value that means "has some value"."""


CACHE_KIB: Final = 65536
ROWS_SAMPLED: Final = 1000
PRESENT: Final = Present()
R = TypeVar("R", bound=Record)


def new_id() -> str:
    """A random id with dashes, as all services but Keystone make them."""
    return str(uuid4())


def new_hex_id() -> str:
    """A random id without dashes, as Keystone makes them."""
    return uuid4().hex


def open_database(path: Path) -> sqlite3.Connection:
    """Opens the cloud's database, for one thread. It survives a kill of the process, not a power cut of the host."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=OFF")
    database.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    return database


def learn_sizes(database: sqlite3.Connection) -> None:
    """Has SQLite look how its tables are filled, from a sample, so that it chooses indexes well."""
    database.execute(f"PRAGMA analysis_limit={ROWS_SAMPLED}")
    database.execute("ANALYZE")


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All writes inside happen, or none."""
    database.execute("BEGIN")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


class Table(Generic[R]):
    """Records of one kind, kept in order of insertion."""

    def __init__(
        self,
        database: sqlite3.Connection,
        name: str,
        kind: type[R],
        indexed: Sequence[str] = (),
        together: Sequence[str] = (),
        filtered: Sequence[str] = (),
    ) -> None:
        """The fields that `find` may search by: those of `indexed` each have an index, and `together` has one for all.

        Those of `filtered` have none, for they would find half of the table: they narrow what an index finds.
        """
        self._database = database
        self._name = name
        self._decoder = msgspec.json.Decoder(kind)
        self._encoder = msgspec.json.Encoder()
        columns = "".join(
            f", {field} GENERATED ALWAYS AS (json_extract(doc, '$.{field}')) VIRTUAL"
            for field in dict.fromkeys((*indexed, *together, *filtered))
        )
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {name} "
            f"(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, doc TEXT NOT NULL{columns})"
        )
        for field in indexed:
            database.execute(f"CREATE INDEX IF NOT EXISTS {name}_{field} ON {name} ({field}, seq)")

        if together:
            fields = ", ".join(together)
            database.execute(f"CREATE INDEX IF NOT EXISTS {name}_together ON {name} ({fields}, seq)")

    def _encoded(self, record: R) -> str:
        return self._encoder.encode(record).decode()

    def add(self, record: R) -> R:
        """Stores a new record; raises sqlite3.IntegrityError if its id is taken."""
        self._database.execute(f"INSERT INTO {self._name} (id, doc) VALUES (?, ?)", (record.id, self._encoded(record)))
        return record

    def save(self, record: R) -> R:
        """Writes back a record that exists."""
        self._database.execute(f"UPDATE {self._name} SET doc = ? WHERE id = ?", (self._encoded(record), record.id))
        return record

    def get(self, record_id: str) -> R | None:
        """The record with that id, or None."""
        row = self._database.execute(f"SELECT doc FROM {self._name} WHERE id = ?", (record_id,)).fetchone()
        return self._decoder.decode(row[0]) if row else None

    def remove(self, record_id: str) -> None:
        """Forgets the record, if there."""
        self._database.execute(f"DELETE FROM {self._name} WHERE id = ?", (record_id,))

    def remove_where(self, **equals: Any) -> None:
        """Forgets all records that match."""
        condition, values = self._condition(equals)
        self._database.execute(f"DELETE FROM {self._name}{condition}", values)

    def find(self, **search: Any) -> list[R]:
        """All that `each` gives, at once."""
        return list(self.each(**search))

    def each(
        self,
        *,
        after: Any = None,
        limit: Any = None,
        newest_first: Any = False,
        containing: Any = (),
        **equals: Any,
    ) -> Iterator[R]:
        """Records whose indexed fields equal the values (None: absent; PRESENT: any; a list: one of).

        They are read one by one, as far as they are wanted; nobody may write meanwhile. after: only those behind the
        record of this id, in the order asked for. limit: at most so many (int). newest_first: bool. containing: texts
        that stand somewhere in the record, for what no index finds. These are typed Any so that searches may come as
        one mapping.
        """
        condition, values = self._condition(equals, after, newest_first, containing)
        order = f" ORDER BY seq {'DESC' if newest_first else 'ASC'}"
        bound = f" LIMIT {int(limit)}" if limit is not None else ""
        for row in self._database.execute(f"SELECT doc FROM {self._name}{condition}{order}{bound}", values):
            yield self._decoder.decode(row[0])

    def first(self, **equals: Any) -> R | None:
        """The oldest record that matches, or None."""
        found = self.find(limit=1, **equals)
        return found[0] if found else None

    def values(self, field: str) -> list[Any]:
        """Each value that an indexed field has, once."""
        return [row[0] for row in self._database.execute(f"SELECT DISTINCT {field} FROM {self._name}")]

    def count(self, **equals: Any) -> int:
        """How many records match."""
        condition, values = self._condition(equals)
        row = self._database.execute(f"SELECT count(*) FROM {self._name}{condition}", values).fetchone()
        return int(row[0])

    def _condition(
        self,
        equals: dict[str, Any],
        after: str | None = None,
        newest_first: bool = False,
        containing: Sequence[str] = (),
    ) -> tuple[str, list[Any]]:
        parts: list[str] = []
        values: list[Any] = []
        for field, wanted in equals.items():
            if wanted is None:
                parts.append(f"{field} IS NULL")
            elif isinstance(wanted, Present):
                parts.append(f"{field} IS NOT NULL")
            elif isinstance(wanted, list | tuple | set):
                parts.append(f"{field} IN ({','.join('?' * len(wanted))})")
                values.extend(wanted)
            else:
                parts.append(f"{field} = ?")
                values.append(wanted)
        if after is not None:
            parts.append(f"seq {'<' if newest_first else '>'} (SELECT seq FROM {self._name} WHERE id = ?)")
            values.append(after)
        parts += ["instr(doc, ?)"] * len(containing)
        values += [msgspec.json.encode(text).decode()[1:-1] for text in containing]
        return (f" WHERE {' AND '.join(parts)}" if parts else ""), values
