"""A project's own credential at a cloud: a Keystone project and user, made with the first use."""

import secrets
from collections.abc import Mapping

from services.chassis.db import Database
from services.chassis.errors import NotFound
from services.contracts.identity import CloudCredential
from services.identity.adapters.keystone import CloudDirectory, MadeAtCloud
from services.identity.adapters.secrets import SecretStore
from services.identity.exceptions import UnknownCloud
from services.identity.storage import cloud_projects, projects
from services.identity.storage.cloud_projects import CloudProject

_PASSWORD_BYTES = 32


class CloudCredentials:
    """Finds or makes them.

    The password is kept in ``secrets`` before Keystone hears of it: whoever is killed in between leaves a password that
    the next try uses. One process at a time works on one project at one cloud.
    """

    def __init__(self, db: Database, clouds: Mapping[str, CloudDirectory], store: SecretStore) -> None:
        self._db = db
        self._clouds = clouds
        self._store = store

    async def of(self, project_id: str, cloud_id: str) -> CloudCredential:
        """Return it. Raises NotFound, UnknownCloud, CloudFailure."""
        cloud = self._clouds.get(cloud_id)
        if cloud is None:
            raise UnknownCloud(f"There is no cloud {cloud_id}.", hint=f"Clouds are: {', '.join(self._clouds)}.")
        async with self._db.project(project_id) as tx:
            if await projects.get(tx, project_id) is None:
                raise NotFound(project_id=project_id)
            known = await cloud_projects.get(tx, project_id, cloud_id)
        made = known or await self._make(project_id, cloud_id, cloud)
        password = await self._password(project_id, made.secret_reference)
        return CloudCredential(
            cloud_id=cloud_id,
            auth_type="v3password",
            auth=cloud.auth_of(MadeAtCloud(made.cloud_project_id, made.cloud_user_id), password),
            region=cloud.region,
            cloud_project_id=made.cloud_project_id,
        )

    async def _make(self, project_id: str, cloud_id: str, cloud: CloudDirectory) -> CloudProject:
        async with self._db.project(project_id) as tx:
            await cloud_projects.one_at_a_time(tx, project_id, cloud_id)
            known = await cloud_projects.get(tx, project_id, cloud_id)
            if known is not None:
                return known
            reference = f"cloud-user:{cloud_id}:{project_id}"
            password = await self._password(project_id, reference)
            at_cloud = await cloud.ensure(_name(project_id), f"Cloudpoint project {project_id}", password)
            made = CloudProject(cloud_id, at_cloud.project_id, at_cloud.user_id, reference)
            await cloud_projects.add(tx, project_id, made)
        return made

    async def _password(self, project_id: str, reference: str) -> str:
        known = await self._store.get(project_id, reference)
        if known is not None:
            return known
        fresh = secrets.token_urlsafe(_PASSWORD_BYTES)
        await self._store.put(project_id, reference, fresh)
        return fresh


def _name(project_id: str) -> str:
    """The name of the Keystone project and of its user: the same at every try."""
    return f"cloudpoint-{project_id}"
