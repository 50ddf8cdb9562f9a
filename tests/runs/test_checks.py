"""Checks of a blueprint, as the blueprint service publishes them."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.blueprint.config import CatalogueSettings
from services.blueprint.main import SERVICE as BLUEPRINT
from services.blueprint.schema import SCHEMA as BLUEPRINT_SCHEMA
from services.chassis.testing.app import running
from services.runner.schema import SCHEMA
from tests.runs.platform import Platform, Runner, element, states

ROOT = Path(__file__).parent.parent.parent
_HOSTS = ["head", "c1"]


def publishable(folder: Path, *names: str) -> Path:
    """Return a folder of blueprints that holds one, ``checked``, with the checks of these names."""
    made = folder / "blueprints" / "checked"
    shutil.copytree(ROOT / "blueprints/slurm", made)
    shutil.copy(ROOT / "blueprints/blueprint.schema.json", made.parent)
    shutil.rmtree(made / "checks")
    shutil.copytree(Path(__file__).parent / "checks", made / "checks")
    document = yaml.safe_load((made / "blueprint.yaml").read_text())
    document["name"] = "checked"
    document["checks"] = [{"name": name, "summary": "A test.", "playbook": f"checks/{name}.yaml"} for name in names]
    (made / "blueprint.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return made.parent


@pytest.fixture
async def runner(platform: Platform, fresh_database, tmp_path: Path) -> AsyncIterator[Runner]:
    catalogue = CatalogueSettings(str(publishable(tmp_path, "works", "breaks")), str(ROOT / "elements"))
    settings: dict[str, Any] = {"database": await fresh_database(BLUEPRINT_SCHEMA), "catalogue": catalogue}
    async with running(BLUEPRINT, platform.authority, **settings) as blueprint:
        assert (await blueprint.client.get("/readyz")).json()["complaints"] == {}
        services = {**platform.services, "blueprint": blueprint.url}
        async with platform.runner(await fresh_database(SCHEMA), services=services) as one:
            yield one


def check(name: str, **changed: Any) -> dict[str, Any]:
    common = {"name": name, "blueprint": "checked", "version": "1.0.0", "playbook": f"checks/{name}.yaml"}
    return {**common, "hosts": ["head"], "values": {"text": "{{ 7 * 7 }} hello"}, **changed}


async def test_checks_come_after_the_elements_and_what_fails_in_them_is_told(
    runner: Runner, platform: Platform, tmp_path: Path
) -> None:
    greeting = element("greeting", _HOSTS, {"text": "{{ 7 * 7 }} hello", "folder": str(tmp_path)})
    assert (await runner.run([greeting]))["state"] == "succeeded"
    good = await runner.run([greeting], phase="verify", checks=[check("works")])
    assert (good["state"], good["reason"]) == ("succeeded", None)
    assert states(good) == {("greeting", "head"): "ok", ("greeting", "c1"): "ok", ("works", "head"): "ok"}

    hosts = [platform.host(name) for name in _HOSTS]
    bad = await runner.run([], phase="verify", hosts=hosts, checks=[check("works"), check("breaks")])
    assert bad["state"] == "failed" and "head failed in breaks: c1: The sum is wrong" in bad["reason"]
    assert states(bad) == {("works", "head"): "ok", ("breaks", "head"): "failed"}


async def test_a_check_that_was_not_published_is_none(runner: Runner, platform: Platform) -> None:
    unknown = check("works", playbook="checks/other.yaml")
    run = await runner.run([], phase="verify", hosts=[platform.host("head")], checks=[unknown])
    assert run["state"] == "failed" and "checked 1.0.0 has no checks/other.yaml" in run["reason"]
