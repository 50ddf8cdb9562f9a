"""Make, or find, what a project needs in a cloud's Keystone.

Names are deterministic and everything is looked for before it is made, so that a try that was killed is taken up where
it ended. Keystone refuses a second project or user of one name in a domain (409), which ends a race.
"""

import time
from dataclasses import dataclass
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import ConflictException, SDKException

from services.chassis.cloud import CloudAccess, CloudFailure, CloudThreads
from services.identity.config import CloudSettings

_LIMIT_SECONDS = 25.0
_TAG = "cloudpoint"
# A new password revokes the tokens issued until then, by whole seconds: one issued in the same second is dead too.
_REVOKED_SECONDS = 1.1


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
        self._access = settings.access()

    @property
    def region(self) -> str:
        """The region that a project's own access names."""
        return self._settings.region

    def auth_of(self, made: MadeAtCloud, password: str) -> dict[str, Any]:
        """Return the arguments of keystoneauth's ``v3password`` for a project's own user, whatever domain it is in."""
        return {
            "auth_url": self._settings.auth["auth_url"],
            "user_id": made.user_id,
            "password": password,
            "project_id": made.project_id,
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
        user = self._user(keystone, name, description, password, project.id)
        for role in keystone.roles():
            if role.name in self._settings.roles:
                keystone.assign_project_role_to_user(project, user, role)
        return MadeAtCloud(project.id, user.id)

    def _user(self, keystone: Any, name: str, description: str, password: str, project_id: str) -> Any:
        """Return the user, made now, or left by an earlier try: that one gets the password anew."""
        wanted = {"name": name, "domain_id": self._settings.domain_id}
        found = next(iter(keystone.users(**wanted)), None)
        if found is None:
            return _found_or_made(
                lambda: next(iter(keystone.users(**wanted)), None),
                lambda: keystone.create_user(
                    **wanted, password=password, default_project_id=project_id, description=description
                ),
            )
        keystone.update_user(found, password=password, is_enabled=True)
        time.sleep(_REVOKED_SECONDS)
        return found


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
