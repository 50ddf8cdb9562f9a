"""authz, secrets, relay and runners in this process, so that all of the controller's CPU is counted together."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lab.launcher.postgres import PrivatePostgres
from lab.launcher.processes import free_port
from lab.rack.settings import default_cache_root
from services.chassis.db import DatabaseSettings, Schema
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.contracts.secrets import EnsureAuthority
from services.relay.config import CloudSettings
from services.relay.main import SERVICE as RELAY
from services.runner.config import AnsibleRuntimeSettings
from services.runner.main import SERVICE as RUNNER
from services.runner.schema import SCHEMA as RUNNER_SCHEMA
from tests.elements.stand import ELEMENTS
from tests.load.configuring.ways import headers
from tests.load.configuring.work import CLOUD, CLUSTER, PROJECT, Work
from tests.support.databases import Databases
from tests.support.siblings import running_authz, running_secrets

_TRUST = """cat >/etc/ssh/bench_authority.pub && echo 'TrustedUserCAKeys /etc/ssh/bench_authority.pub' \
>/etc/ssh/sshd_config.d/10-bench.conf && systemctl reload ssh"""


@dataclass(frozen=True)
class Controller:
    """Runners by whether mitogen carries their modules, and the cluster's secrets by name."""

    authority: Authority
    secrets: dict[str, str]
    runners: dict[bool, RunningService]


@asynccontextmanager
async def controller(work: Work, folder: Path) -> AsyncIterator[Controller]:
    """All that a run needs, and machines that trust the cluster's authority."""
    postgres = PrivatePostgres(folder / "postgres", free_port(), durable=False)
    postgres.start()
    async with AsyncExitStack() as stack:
        stack.callback(postgres.stop)
        databases = Databases(postgres.admin_dsn, session=secrets.token_hex(3))

        async def fresh(schema: Schema) -> DatabaseSettings:
            return (await databases.copy(schema)).settings()

        authority = Authority(folder / "keys")
        authz = await stack.enter_async_context(running_authz(authority, fresh))
        keeper = await stack.enter_async_context(running_secrets(authority, fresh, folder, authz.url))
        values = await _trusted(work, authority, keeper)
        urls = {"authz": authz.url, "secrets": keeper.url}
        networks = (f"{work.stand.bench.prefix}.0/24",)
        relay = await stack.enter_async_context(
            running(
                RELAY,
                authority,
                clouds={CLOUD: CloudSettings(networks, work.stand.bench.netns)},
                sockets_folder=str(folder / "relay"),
                services=urls,
            )
        )
        urls["relay"] = relay.url
        runners = {}
        for mitogen in (False, True):
            runners[mitogen] = await stack.enter_async_context(
                running(
                    RUNNER,
                    authority,
                    database=await fresh(RUNNER_SCHEMA),
                    ansible=AnsibleRuntimeSettings(str(default_cache_root() / "ansible"), mitogen=mitogen),
                    elements_folder=str(ELEMENTS),
                    cache_folder=str(folder / "cache"),
                    name=f"bench-{mitogen}",
                    services=urls,
                )
            )
        yield Controller(authority, values, runners)


async def _trusted(work: Work, authority: Authority, keeper: RunningService) -> dict[str, str]:
    """Make the cluster's authority, have the machines trust it, and return the values of its secrets."""
    path = f"/internal/clusters/{CLUSTER}"
    wanted = msgspec.to_builtins(EnsureAuthority(PROJECT, CLUSTER, work.secrets))
    made = await keeper.client.put(f"{path}/authority", headers=headers(authority, "secrets"), json=wanted)
    public_key = made.raise_for_status().json()["public_key"]
    for machine in work.stand.machines:
        work.stand.bench.ssh(machine, f"echo '{public_key}' | {{ {_TRUST}; }}")
    names = {"project_id": PROJECT, "names": [spec.name for spec in work.secrets]}
    read = await keeper.client.post(f"{path}/secrets/read", headers=headers(authority, "secrets"), json=names)
    values: dict[str, str] = read.raise_for_status().json()["values"]
    return values
