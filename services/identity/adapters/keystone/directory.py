"""Make, or find, what a project needs in a cloud's Keystone.

Names are deterministic and everything is looked for before it is made, so that a try that was killed is taken up where
it ended. Keystone refuses a second project or user of one name in a domain (409), which ends a race.
"""

from dataclasses import dataclass
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import ConflictException, SDKException

from services.chassis.cloud import CloudAccess, CloudFailure, CloudThreads
from services.identity.config import CloudSettings

_LIMIT_SECONDS = 25.0
_TAG = "cloudpoint"


@dataclass(frozen=True)
class MadeAtCloud:
    """Ids of Keystone's project and user."""

    project_id: str
    user_id: str


class CloudDirectory:
    """The Keystone of one cloud, as its administrator."""

    def __init__(self, cloud_id: str, settings: CloudSettings, threads: CloudThreads) -> None:
        self._cloud_id = cloud_id
        self._settings = settings
        self._threads = threads
        auth = dict(settings.auth)
        if settings.password is not None:
            auth["password"] = settings.password.read()
        self._access = CloudAccess("v3password", auth, settings.region, call_seconds=settings.call_seconds)

    @property
    def region(self) -> str:
        """The region that a project's own access names."""
        return self._settings.region

    def auth_of(self, made_project_id: str, name: str, password: str) -> dict[str, Any]:
        """Return the arguments of keystoneauth's ``v3password`` for a project's own user."""
        return {
            "auth_url": self._settings.auth["auth_url"],
            "username": name,
            "password": password,
            "user_domain_id": self._settings.domain_id,
            "project_id": made_project_id,
        }

    async def ensure(self, name: str, description: str, password: str) -> MadeAtCloud:
        """Make a project and a user of this name, with their roles, where they are missing. Raises CloudFailure."""
        try:
            return await self._threads.run(_LIMIT_SECONDS, self._ensure, name, description, password)
        except (SDKException, ClientException) as error:
            raise CloudFailure(f"Keystone of {self._cloud_id}: {error}", cloud_id=self._cloud_id) from error

    def _ensure(self, name: str, description: str, password: str) -> MadeAtCloud:
        keystone: Any = self._threads.client(self._access, "identity", _connect).identity
        domain = self._settings.domain_id
        project = _found_or_made(
            lambda: next(iter(keystone.projects(name=name, domain_id=domain)), None),
            lambda: keystone.create_project(name=name, domain_id=domain, description=description, tags=[_TAG]),
        )
        user = _found_or_made(
            lambda: next(iter(keystone.users(name=name, domain_id=domain)), None),
            lambda: keystone.create_user(
                name=name,
                domain_id=domain,
                password=password,
                default_project_id=project.id,
                description=description,
            ),
        )
        keystone.update_user(user, password=password, is_enabled=True)
        for role in keystone.roles():
            if role.name in self._settings.roles:
                keystone.assign_project_role_to_user(project, user, role)
        return MadeAtCloud(project.id, user.id)


def _found_or_made(find: Any, make: Any) -> Any:
    """Return what is there, else make it; when somebody else made it meanwhile, return that."""
    found = find()
    if found is not None:
        return found
    try:
        return make()
    except ConflictException:
        found = find()
        if found is None:
            raise
        return found


def _connect(session: Any, access: CloudAccess) -> Connection:
    return Connection(session=session, region_name=access.region)
