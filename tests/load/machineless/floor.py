"""What the cloud itself takes: the same stacks in the same order, by the barest client, with one look for all."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import openstack
import yaml
from heatclient.common import template_utils

from services.cluster.sagas.group_spec import user_data

LOOK_SECONDS = 0.1
DEADLINE_SECONDS = 600.0
SHARED = "shared"
AUTHORITY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJlbmNo"
PARALLEL = 8
"""So many batches of one cluster are made at once, as by the saga's step."""


@dataclass(frozen=True)
class Group:
    """What is sent to Heat for one group of machines, but its name."""

    key: str
    template: Any
    files: dict[str, str]
    parameters: dict[str, Any]


def groups_of(export: Mapping[str, str], folder: Path) -> list[Group]:
    """The groups of an exported cluster; ``folder`` is where its files may be written."""
    for path, text in export.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return [_group(file.name.removesuffix(".env.yaml"), folder) for file in sorted((folder / "hot").glob("*.env.yaml"))]


def _group(key: str, folder: Path) -> Group:
    files, template = template_utils.get_template_contents(template_file=str(folder / "hot" / f"{key}.yaml"))
    parameters = yaml.safe_load((folder / "hot" / f"{key}.env.yaml").read_text())["parameters"]
    if key != SHARED:
        parameters |= {"network": "provision", "user_data": user_data(AUTHORITY)}
    return Group(key, template, dict(files), parameters)


class CloudFloor:
    """Clusters by Heat alone."""

    def __init__(self, clouds_file: Path, groups: list[Group]) -> None:
        config = openstack.config.OpenStackConfig(config_files=[str(clouds_file)], load_envvars=False)
        region = config.get_one("admin")
        session = region.get_session()
        self._token = session.get_token()
        self._url = session.get_endpoint(service_type="orchestration", region_name=region.get_region_name())
        self._shared = next(group for group in groups if group.key == SHARED)
        self._batches = [group for group in groups if group.key != SHARED]
        self._done: dict[str, asyncio.Event] = {}

    def build(self, names: list[str]) -> list[float]:
        """Make clusters of these names at once and take them back; the seconds that each took to be made."""
        return asyncio.run(self._build(names))

    async def _build(self, names: list[str]) -> list[float]:
        limit = aiohttp.TCPConnector(limit=PARALLEL * 4)
        async with aiohttp.ClientSession(connector=limit, headers={"X-Auth-Token": self._token}) as session:
            try:
                async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as group:
                    looking = group.create_task(self._look(session))
                    found = await asyncio.gather(*(self._cluster(session, name) for name in names))
                    looking.cancel()
                    return found
            finally:
                async with asyncio.timeout(DEADLINE_SECONDS):
                    await self._delete_all(session)

    async def _cluster(self, session: aiohttp.ClientSession, name: str) -> float:
        begun, some = time.monotonic(), asyncio.Semaphore(PARALLEL)
        await self._stack(session, f"{name}-{SHARED}", self._shared, some)
        await asyncio.gather(*(self._stack(session, f"{name}-{one.key}", one, some) for one in self._batches))
        return time.monotonic() - begun

    async def _stack(self, session: aiohttp.ClientSession, name: str, group: Group, some: asyncio.Semaphore) -> None:
        body = {"template": group.template, "files": group.files, "parameters": group.parameters, "stack_name": name}
        async with some:
            self._done[name] = asyncio.Event()
            async with session.post(f"{self._url}/stacks", json=body) as answer:
                answer.raise_for_status()
            await self._done[name].wait()

    async def _look(self, session: aiohttp.ClientSession) -> None:
        """Tell those who wait of each stack that is complete."""
        while True:
            async with session.get(f"{self._url}/stacks?limit=1000") as answer:
                for stack in (await answer.json())["stacks"]:
                    name, status = stack["stack_name"], stack["stack_status"]
                    if status.endswith("FAILED"):
                        raise RuntimeError(f"{name}: {stack['stack_status_reason']}")
                    if name in self._done and status == "CREATE_COMPLETE":
                        self._done[name].set()
            await asyncio.sleep(LOOK_SECONDS)

    async def _delete_all(self, session: aiohttp.ClientSession) -> None:
        for name in self._done:
            async with session.delete(f"{self._url}/stacks/{name}") as answer:
                await answer.read()
        await self._gone(session)
        self._done.clear()

    async def _gone(self, session: aiohttp.ClientSession) -> None:
        while set(self._done) & await self._names(session):  # noqa: ASYNC110 - Heat tells nobody
            await asyncio.sleep(LOOK_SECONDS)

    async def _names(self, session: aiohttp.ClientSession) -> set[str]:
        async with session.get(f"{self._url}/stacks?limit=1000") as answer:
            return {stack["stack_name"] for stack in (await answer.json())["stacks"]}


def floor_of(clouds_file: Path, export: Mapping[str, str]) -> CloudFloor:
    """The floor of clusters like an exported one."""
    with tempfile.TemporaryDirectory(prefix="cloudpoint-floor-") as folder:
        return CloudFloor(clouds_file, groups_of(export, Path(folder)))
