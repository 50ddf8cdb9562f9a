"""Which failures of the database go away by trying again."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_AGAIN = (
    OSError,
    TimeoutError,
    PoolTimeout,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
)

_ENDED_UNREAD = "cannot switch to state"
"""What asyncpg says of a connection that the server has just ended, before it has read why."""


def is_transient(error: BaseException) -> bool:
    """Say whether a server was away, restarting or busy; not so when we asked for something wrong.

    Network errors and time-outs count; of SQLSTATE the classes 08, 40, 53, 57 and 55P03 (PostgreSQL, appendix A).
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_transient(one) for one in error.exceptions)
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None)
        return error.connection_invalidated or (cause is not None and is_transient(cause))
    if isinstance(error, asyncpg.InternalClientError):
        return _ENDED_UNREAD in str(error)
    return isinstance(error, _AGAIN) or (isinstance(error, asyncpg.InterfaceError) and "closed" in str(error))
