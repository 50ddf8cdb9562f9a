"""What the checks of a cloud read of its Keystone, by a log-in of their own: a token that is kept would hide things."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from keystoneauth1.session import Session
from openstack.connection import Connection
from openstack.exceptions import ForbiddenException, NotFoundException

from services.chassis.cloud import CloudAccess, CloudThreads

_THREADS = 4
# Longer than a check may take: it ends first, and says so.
_CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Token:
    """Whose eyes Keystone is seen with, where that holds, and what the catalogue names.

    ``endpoints`` are those of the region, by the service's type: interface and URL of each.
    """

    user_id: str
    roles: tuple[str, ...]
    domain_id: str | None
    project_id: str | None
    endpoints: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Clock:
    """``ahead_seconds``: how much later it is at the cloud than here, known to ``error_seconds``."""

    ahead_seconds: float
    error_seconds: float


@dataclass(frozen=True)
class Directory:
    """The domain in which projects and users are made, and the names of all roles; no domain if it can't be seen."""

    domain: str | None
    enabled: bool
    roles: frozenset[str]


class KeystoneProbe:
    """One look at one cloud; ``close`` ends it."""

    def __init__(self, access: CloudAccess, domain_id: str) -> None:
        self._access = access
        self._domain_id = domain_id
        self._threads = CloudThreads(_THREADS)

    def close(self) -> None:
        """Let go of threads and log-in."""
        self._threads.close()

    async def token(self) -> Token:
        """Log in."""
        token: Token = await self._call(_token, self._access.region)
        return token

    async def clock(self) -> Clock:
        """Ask Keystone for the time."""
        clock: Clock = await self._call(_clock, str(self._access.auth["auth_url"]))
        return clock

    async def directory(self) -> Directory:
        """Read the domain, its projects and users, and the roles, as who makes projects must be able to."""
        directory: Directory = await self._ask(_directory, self._domain_id)
        return directory

    async def password_ends(self, user_id: str) -> datetime | None:
        """Return when the password of the log-in runs out; None if it does not."""
        ends: datetime | None = await self._ask(_password_ends, user_id)
        return ends

    async def _call(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await self._threads.run(_CALL_SECONDS, self._with_session, call, *arguments)

    async def _ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await self._call(lambda _session: call(self._identity(), *arguments))

    def _with_session(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(self._threads.session(self._access), *arguments)

    def _identity(self) -> Any:
        return self._threads.client(self._access, "keystone-probe", _connect).identity


def _log_in(session: Session) -> Any:
    """Return keystoneauth's view of the session's token."""
    auth: Any = session.auth
    return auth.get_access(session)


def _token(session: Session, region: str) -> Token:
    access = _log_in(session)
    entries = access.service_catalog.get_endpoints(region_name=region)
    endpoints = {kind: {one["interface"]: one["url"] for one in found} for kind, found in entries.items() if found}
    return Token(access.user_id, tuple(access.role_names), access.domain_id, access.project_id, endpoints)


def _clock(session: Session, auth_url: str) -> Clock:
    """Read an answer's ``Date`` (RFC 9110, 6.6.1), cut to whole seconds; without one, the time of a fresh token."""
    begun = time.time()
    date = session.get(auth_url, authenticated=False, raise_exc=False).headers.get("Date")
    if date:
        return _apart(parsedate_to_datetime(date).timestamp() + 0.5, begun, 0.5)
    session.invalidate()
    begun = time.time()
    return _apart(_log_in(session).issued.timestamp(), begun, 0.0)


def _apart(there: float, begun: float, rounding_seconds: float) -> Clock:
    """Compare a time of the cloud with the middle of the call that told it."""
    ended = time.time()
    return Clock(there - (begun + ended) / 2, rounding_seconds + (ended - begun) / 2)


def _directory(keystone: Any, domain_id: str) -> Directory:
    try:
        domain = keystone.get_domain(domain_id)
    except (NotFoundException, ForbiddenException):
        # To a domain's manager Keystone answers 403 for any other domain, whether it is there or not.
        return Directory(None, enabled=False, roles=frozenset())
    for found in (keystone.projects(domain_id=domain_id, limit=1), keystone.users(domain_id=domain_id, limit=1)):
        next(iter(found), None)
    roles = frozenset(role.name for role in keystone.roles())
    return Directory(domain.name, bool(domain.is_enabled), roles)


def _password_ends(keystone: Any, user_id: str) -> datetime | None:
    """Return the user's ``password_expires_at``, which has no offset and is UTC."""
    ends = keystone.get_user(user_id).password_expires_at
    return datetime.fromisoformat(ends.removesuffix("Z")).replace(tzinfo=UTC) if ends else None


def _connect(session: Session, access: CloudAccess) -> Connection:
    return Connection(session=session, region_name=access.region, identity_interface=access.interface)
