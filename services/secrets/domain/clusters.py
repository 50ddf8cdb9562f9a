"""The authority and the secrets of clusters: made once, used by runs, destroyed with the cluster."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.auth.caller import Scope
from services.chassis.db import Database
from services.chassis.errors import NotFound
from services.contracts.secrets import (
    Authority,
    Certificate,
    EnsureAuthority,
    ReadSecrets,
    SecretValues,
    SignRequest,
)
from services.secrets.domain import making, signing
from services.secrets.domain.sealing import MasterKeys, Place
from services.secrets.exceptions import ForeignCluster
from services.secrets.storage import authorities, values

_OWNER = "secrets"


class Clusters:
    """Every method works within one project, in one transaction."""

    def __init__(self, db: Database, keys: MasterKeys) -> None:
        self._db = db
        self._keys = keys

    async def ensure(self, request: EnsureAuthority) -> Authority:
        """Make what is not there yet; what is there stays. Raises ForeignCluster, UnknownSecretKind."""
        making.check_kinds(request.secrets)
        async with self._db.project(request.project_id) as tx:
            public_key = await self._ensure_authority(tx, request.project_id, request.cluster_id)
            for spec in request.secrets:
                place = _place(request.project_id, request.cluster_id, f"values/{spec.name}")
                if not await values.exists(tx, place):
                    await values.add(tx, place, self._keys.seal(place, making.make(spec)))
        return Authority(request.cluster_id, public_key)

    async def read(self, cluster_id: str, request: ReadSecrets) -> SecretValues:
        """Return secrets by name. Raises NotFound for a cluster without authority, or a name that is not there."""
        async with self._db.project(request.project_id) as tx:
            if await authorities.public_key(tx, cluster_id) is None:
                raise NotFound(cluster_id=cluster_id)
            prefix = _reference(cluster_id, "values/")
            found = await values.below(tx, _OWNER, prefix)
        opened = {
            place.reference.removeprefix(prefix): making.as_text(self._keys.open(place, sealed))
            for place, sealed in found
            if not request.names or place.reference.removeprefix(prefix) in request.names
        }
        missing = set(request.names) - set(opened)
        if missing:
            raise NotFound(cluster_id=cluster_id, missing=sorted(missing))
        return SecretValues(opened)

    async def sign(self, request: SignRequest) -> Certificate:
        """Sign a run's key and keep a record of it. Raises NotFound, NotSignable."""
        async with self._db.project(request.project_id) as tx:
            place = _place(request.project_id, request.cluster_id, "authority")
            sealed = await values.get(tx, place)
            if sealed is None:
                raise NotFound(cluster_id=request.cluster_id)
            serial = await authorities.next_serial(tx)
            authority = signing.authority_key(self._keys.open(place, sealed))
            signed = signing.sign(authority, serial, request)
            await authorities.record_certificate(tx, serial, request, signed.key_id, signed.expires_at)
        return Certificate(signed.line, serial, signed.expires_at)

    async def destroy(self, cluster_id: str, scope: Scope) -> None:
        """Destroy the authority and all secrets of a cluster; nothing happens where there are none."""
        transaction = (
            self._db.all_projects(purpose="destroy a cluster's secrets")
            if scope.everywhere
            else self._db.project(*scope.projects)
        )
        async with transaction as tx:
            await values.remove_below(tx, _OWNER, _reference(cluster_id, ""))
            await authorities.remove(tx, cluster_id)

    async def _ensure_authority(self, tx: AsyncConnection, project_id: str, cluster_id: str) -> str:
        known = await authorities.public_key(tx, cluster_id)
        if known is not None:
            return known
        key = Ed25519PrivateKey.generate()
        public_key = _openssh_public(key, cluster_id)
        if await authorities.add(tx, project_id, cluster_id, public_key):
            place = _place(project_id, cluster_id, "authority")
            await values.add(tx, place, self._keys.seal(place, making.openssh_private(key)))
            return public_key
        known = await authorities.public_key(tx, cluster_id)
        if known is None:
            raise ForeignCluster(f"{cluster_id} is not a cluster of {project_id}.")
        return known


def _openssh_public(key: Ed25519PrivateKey, cluster_id: str) -> str:
    text = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return f"{text.decode()} {cluster_id}"


def _place(project_id: str, cluster_id: str, name: str) -> Place:
    return Place(project_id, _OWNER, _reference(cluster_id, name))


def _reference(cluster_id: str, name: str) -> str:
    return f"clusters/{cluster_id}/{name}"
