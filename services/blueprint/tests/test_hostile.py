"""Whatever is sent is refused in plain words, at a cost that has an end, and leaves nothing behind."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from services.blueprint.adapters.bounded import BoundedValidation
from services.blueprint.domain.publication import Checked
from services.blueprint.tests.hostile import HOSTILE, JSON_BODIES, Hostile
from services.blueprint.tests.shop import Shop
from services.blueprint.validate import MEMORY_BYTES, Ended, Task

pytestmark = pytest.mark.asyncio(loop_scope="session")
_ROOT = Path(__file__).parents[3]
_SCHEMA = json.loads((_ROOT / "blueprints/blueprint.schema.json").read_text())
_LONGEST_TEXT = 800


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def validation() -> AsyncIterator[BoundedValidation]:
    made = BoundedValidation()
    yield made
    await made.close()


def task_of(hostile: Hostile, **limits: float) -> Task:
    return Task(kind="blueprint", schema=_SCHEMA, texts=hostile.texts, archive=hostile.archive, **limits)


async def ended(validation: BoundedValidation, hostile: Hostile) -> tuple[Ended, Checked]:
    """Return how it ended: never killed, never broken."""
    found = await validation.measured(task_of(hostile))
    assert found.checked, found
    return found, msgspec.msgpack.decode(found.checked, type=Checked)


@pytest.mark.parametrize("name", HOSTILE)
async def test_it_is_refused_in_words_before_it_costs_much(validation: BoundedValidation, name: str) -> None:
    """The process that reads it has 64 MB, a second, and no way to write a file; neither limit is met."""
    small, _ = await ended(validation, Hostile((), {"README.md": "nothing"}))
    found, checked = await ended(validation, HOSTILE[name])
    told = "\n".join(item.message for item in checked.findings)
    assert all(words in told for words in HOSTILE[name].words), told
    assert all(len(item.message) <= _LONGEST_TEXT and len(item.file) <= _LONGEST_TEXT for item in checked.findings)
    assert all(item.file.isprintable() for item in checked.findings)
    assert found.peak_bytes - small.peak_bytes <= MEMORY_BYTES


@pytest.mark.parametrize(
    "name", ["aliases", "get-file", "paths-that-lead-out", "entries", "gzip-bomb", "texts-that-lead-out"]
)
async def test_nothing_of_it_stays(shop: Shop, name: str) -> None:
    hostile = HOSTILE[name]
    texts = hostile.texts
    answer = await (
        shop.send("a", "blueprint", hostile.archive) if texts is None else shop.publish("a", "blueprint", texts)
    )
    assert answer.status_code == 422 and answer.json()["code"] == "invalid-upload", answer.text
    assert hostile.words[0] in answer.text
    assert await shop.kept() == 0
    assert not any(place.exists() for place in (_ROOT / "evil", _ROOT.parent / "evil", Path("/etc/evil")))


@pytest.mark.parametrize("name", JSON_BODIES)
async def test_a_body_that_is_a_bomb_is_refused(shop: Shop, name: str) -> None:
    headers = {**shop.headers("a"), "Content-Type": "application/json"}
    answer = await shop.service.client.post("/v1/blueprints", content=JSON_BODIES[name], headers=headers)
    assert answer.status_code in (400, 422) and len(answer.content) < 10_000, answer.text[:300]
    assert answer.json()["detail"] and await shop.kept() == 0


async def test_a_body_that_is_too_large_is_not_even_read(shop: Shop) -> None:
    answer = await shop.send("a", "blueprint", b"\0" * 6_000_001)
    assert answer.status_code == 413


async def test_an_element_is_read_as_carefully(shop: Shop) -> None:
    for name in ("links-and-devices", "gzip-bomb", "not-utf-8"):
        answer = await shop.send("a", "element", HOSTILE[name].archive)
        assert answer.status_code == 422 and HOSTILE[name].words[0] in answer.text, answer.text
    assert await shop.kept() == 0
