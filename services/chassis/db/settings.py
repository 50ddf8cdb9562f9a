"""Where a service's database is and as whom it connects."""

import msgspec


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one service's PostgreSQL database.

    ``url`` is the address for the role that owns nothing (serve, work); ``migrate_url`` the owner's, used by migrate
    alone; ``reconciler_role`` the role with BYPASSRLS that ``all_projects`` switches to. A process that freezes within
    a transaction, or in the middle of a statement, loses its locks after ``idle_in_transaction_seconds``.
    """

    url: str
    migrate_url: str | None = None
    pool_size: int = 10
    reconciler_role: str | None = None
    statement_timeout_seconds: float = 30.0
    idle_in_transaction_seconds: float = 10.0
    connect_timeout_seconds: float = 10.0

    @property
    def driver_url(self) -> str:
        """``url`` with SQLAlchemy's driver in it."""
        return with_driver(self.url)

    @property
    def owner_url(self) -> str:
        """The address that migrations use, with SQLAlchemy's driver in it."""
        return with_driver(self.migrate_url or self.url)


def with_driver(url: str) -> str:
    """Name the asyncpg driver in ``url`` (``postgresql://…`` or ``postgres://…``)."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("A database address starts with postgresql://.")
    return f"postgresql+asyncpg://{rest}"


def without_driver(url: str) -> str:
    """Return ``url`` as asyncpg itself takes it."""
    return "postgresql://" + url.partition("://")[2]
