"""End sessions whose process stands still in the middle of a statement, since PostgreSQL does not.

A driver that prepares a statement waits for the answer before it executes it. A process that freezes in between holds
its transaction's locks for as long as it is frozen: its session counts as active, so that
idle_in_transaction_session_timeout does not run, and statement_timeout acts only once the client speaks again
(seen with PostgreSQL 15 and asyncpg 0.32). A role may end its own sessions, so that any process of a service can end
those of another one.
"""

import asyncio

import structlog
from sqlalchemy import text

from services.chassis.db.database import Database
from services.chassis.db.transience import is_transient

_log = structlog.get_logger(room="db")
_LOOKS = 2
"""How often the sessions are looked at within the time that they may stand."""
_END = text(
    "SELECT pid, application_name, pg_terminate_backend(pid) AS ended FROM pg_stat_activity"
    " WHERE usename = session_user AND datname = current_database() AND pid <> pg_backend_pid()"
    " AND state = 'active' AND wait_event = 'ClientRead'"
    " AND state_change < clock_timestamp() - make_interval(secs => :seconds)"
)


async def end_stalled_sessions(db: Database, seconds: float) -> None:
    """Until cancelled, end sessions of the service's role that have waited for their process for ``seconds``."""
    while True:
        await asyncio.sleep(seconds / _LOOKS)
        try:
            async with db.unscoped() as transaction:
                for session in await transaction.execute(_END, {"seconds": seconds}):
                    _log.warning("db.stalled_session", of=session.application_name, ended=session.ended)
        except Exception as error:
            if not is_transient(error):
                raise
