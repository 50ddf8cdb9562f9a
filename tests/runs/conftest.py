"""Runs from end to end: real authz, secrets, relay and runner, real sandboxes, Ansible and SSH servers."""

import base64
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from services.authz.main import SERVICE as AUTHZ
from services.authz.schema import SCHEMA as AUTHZ_SCHEMA
from services.chassis.config import Secret
from services.chassis.testing.app import running
from services.chassis.testing.authority import Authority
from services.contracts.permissions import MAY_CALL
from services.relay.config import CloudSettings
from services.relay.main import SERVICE as RELAY
from services.secrets.config import MasterKey
from services.secrets.main import SERVICE as SECRETS
from services.secrets.schema import SCHEMA as SECRETS_SCHEMA
from tests.runs.platform import Platform
from tests.support import sshd

ANSIBLE = Path(os.environ.get("CLOUDPOINT_CACHE", Path.home() / ".cache/cloudpoint")) / "ansible"
NETWORK = "10.99.7.0/24"


@pytest.fixture(scope="session")
def hosts_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Floor]:
    """Three hosts that answer: head, c1, c2. Nobody is at 10.99.7.99."""
    reason = sshd.missing()
    if reason is None and not (ANSIBLE / "bin/ansible-runner").exists():
        reason = f"{ANSIBLE} is not there (make setup)"
    if reason:
        pytest.skip(reason)
    with sshd.floor(tmp_path_factory.mktemp("floor")) as floor:
        for number, name in enumerate(("head", "c1", "c2")):
            floor.add_host(name, f"10.99.7.{10 + number}")
        yield floor


@pytest.fixture
async def platform(hosts_floor: sshd.Floor, fresh_database, tmp_path: Path) -> AsyncIterator[Platform]:
    """authz, secrets and relay, each a whole service on a port; the test starts the runner itself."""
    authority = Authority(tmp_path / "keys")
    master = tmp_path / "master.key"
    master.write_text(base64.b64encode(os.urandom(32)).decode())
    manifest = {name: {"public_keys": (authority.key(name).public_pem,)} for name in MAY_CALL}
    async with AsyncExitStack() as stack:
        authz_settings = Platform.authz_settings(manifest, await fresh_database(AUTHZ_SCHEMA))
        authz = await stack.enter_async_context(running(AUTHZ, authority, work=True, **authz_settings))
        services = {"authz": authz.url}
        keys = (MasterKey(1, Secret(file=str(master))),)
        database = await fresh_database(SECRETS_SCHEMA)
        secrets = await stack.enter_async_context(
            running(SECRETS, authority, database=database, master_keys=keys, services=services)
        )
        clouds = {"alpha": CloudSettings((NETWORK,), hosts_floor.namespace)}
        sockets = str(tmp_path / "sockets")
        relay = await stack.enter_async_context(
            running(RELAY, authority, clouds=clouds, sockets_folder=sockets, services=services)
        )
        made = Platform(authority, hosts_floor, tmp_path, authz.url, secrets, relay, ANSIBLE)
        await made.trust_cluster()
        yield made
