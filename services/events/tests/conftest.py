"""One running events service, and what tests ask of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.chassis.bus import Event, new_event
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.contracts.event import RecordedEvent
from services.events.main import SERVICE
from services.events.schema import SCHEMA
from tests.support.servers import FreshDatabase

PROJECT = "prj_a"


def happened(subject: str = "clu_1", type: str = "cluster.changed", project: str = PROJECT, **data: Any) -> Event:
    """Return an event that happened now."""
    return new_event(type, source="cluster", subject=subject, project_id=project, data=data)


@dataclass
class Message:
    """One server-sent event as a client reads it."""

    id: str | None
    event: str | None
    data: str | None

    @property
    def recorded(self) -> RecordedEvent:
        return msgspec.json.decode(self.data or "", type=RecordedEvent)


class Asking:
    """What a person with ``event.read`` on a project asks."""

    def __init__(self, service: RunningService, authority: Authority) -> None:
        self.service = service
        self.authority = authority

    def headers(self, project: str = PROJECT, person: str = "usr_ann") -> dict[str, str]:
        return self.authority.pass_for(person, "events", projects={project: ["event.read"]})

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.service.client.get(path, params={"project": PROJECT, **query}, headers=self.headers())

    @contextlib.asynccontextmanager
    async def following(
        self, last_event_id: str | int | None = None, person: str = "usr_ann", **query: Any
    ) -> AsyncIterator[AsyncIterator[Message]]:
        """Open a stream; yields its messages."""
        headers = self.headers(person=person)
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        params = {"project": PROJECT, **query}
        async with self.service.client.stream("GET", "/v1/events/stream", params=params, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            yield messages(answer)

    async def record(self, *events: Event) -> None:
        """Record events as if they came from the bus."""
        await asyncio.gather(*(self.service.context.recorder.record(event) for event in events))


async def messages(answer: httpx.Response) -> AsyncIterator[Message]:
    """Parse server-sent events; a message without data is one too here, since its id counts."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
        elif fields.keys() & {"id", "data"}:
            yield Message(fields.get("id"), fields.get("event"), fields.get("data"))
            fields = {}


@pytest.fixture
def events_settings() -> dict[str, Any]:
    """What a test wants to set of the service's own configuration."""
    return {}


@pytest.fixture
async def asking(
    fresh_database: FreshDatabase, tmp_path: Path, events_settings: dict[str, Any]
) -> AsyncIterator[Asking]:
    """The service without a bus."""
    authority = Authority(tmp_path / "keys")
    database = await fresh_database(SCHEMA)
    async with running(SERVICE, authority, database=database, **events_settings) as service:
        yield Asking(service, authority)
