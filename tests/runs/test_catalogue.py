"""Elements as the blueprint service publishes them."""

from datetime import UTC, datetime
from pathlib import Path

from services.blueprint.config import CatalogueSettings
from services.blueprint.domain.publication import check_element
from services.blueprint.main import SERVICE as BLUEPRINT
from services.blueprint.schema import SCHEMA as BLUEPRINT_SCHEMA
from services.blueprint.storage import own
from services.blueprint.storage.kinds import ELEMENT
from services.blueprint.tests.folders import element_texts
from services.chassis.testing.app import RunningService, running
from services.runner.schema import SCHEMA
from tests.runs.platform import PROJECT, Platform, element, files_below, states

ROOT = Path(__file__).parent.parent.parent


async def test_a_run_takes_published_elements_and_keeps_them(
    platform: Platform, fresh_database, tmp_path: Path
) -> None:
    catalogue = CatalogueSettings(str(ROOT / "blueprints"), str(ROOT / "elements"))
    settings = {"database": await fresh_database(BLUEPRINT_SCHEMA), "catalogue": catalogue}
    async with running(BLUEPRINT, platform.authority, **settings) as blueprint:
        services = {**platform.services, "blueprint": blueprint.url}
        changed = {"elements_folder": None, "services": services}
        async with platform.runner(await fresh_database(SCHEMA), **changed) as runner:
            missing = await runner.run([element("munge", ["c1"], version="9.9.9")])
            assert missing["state"] == "failed" and missing["reason"]
            nothing = await runner.run([element("munge", ["c1"])], phase="revert")
            assert nothing["state"] == "succeeded", nothing["reason"]
            kept = [path for path in files_below(tmp_path / "cache") if path.name == "apply.yaml"]
            assert len(kept) == 1
            assert (await runner.run([element("munge", ["c1"])], phase="revert"))["state"] == "succeeded"
        assert [path for path in files_below(tmp_path / "cache") if path.name == "apply.yaml"] == kept


_PRYING = """\
- name: Looks around in its sandbox
  hosts: "{{ element_hosts }}"
  gather_facts: false
  tasks:
    - name: Tell what it sees
      delegate_to: localhost
      ansible.builtin.shell: ls /run/cloudpoint/project/elements; cat /run/cloudpoint/project/site.yaml
"""


async def test_a_customers_own_element_has_a_sandbox_of_its_own(platform: Platform, fresh_database) -> None:
    """It stands between two of the catalogue's, and sees neither their files nor what they are given."""
    catalogue = CatalogueSettings(str(ROOT / "blueprints"), str(ROOT / "elements"))
    settings = {"database": await fresh_database(BLUEPRINT_SCHEMA), "catalogue": catalogue}
    async with running(BLUEPRINT, platform.authority, **settings) as blueprint:
        await _publish(blueprint, element_texts("prying", **{"apply.yaml": _PRYING}))
        services = {**platform.services, "blueprint": blueprint.url}
        # Whose project the other one is can't be asked here: identity is away.
        async with platform.runner(await fresh_database(SCHEMA), services=services, away_seconds=0.1) as runner:
            before = element("greeting", ["c1"], {"text": "the-first-one", "folder": "/tmp"})
            after = element("last", ["c1"])
            run = await runner.run([before, element("prying", ["c1"], owner=PROJECT), after])
            assert run["state"] == "succeeded", run["reason"]
            assert set(states(run).values()) <= {"ok", "changed"} and len(states(run)) == 3
            told = (await runner.log(run["id"])).partition("Tell what it sees")[2]
            assert "01-prying" in told and "00-greeting" not in told and "the-first-one" not in told
            foreign = await runner.run([element("prying", ["c1"], owner="prj_other")])
            assert foreign["state"] == "failed" and "could not be started" in foreign["reason"]


async def _publish(blueprint: RunningService, texts: dict[str, str]) -> None:
    files = {path: text.encode() for path, text in texts.items()}
    publisher = blueprint.context.own.publisher
    checked = check_element(files, publisher.element_schema(), publisher.library(), digest_covers_library=False)
    assert checked.element, checked.findings
    async with blueprint.process.database.project(PROJECT) as tx:
        rest = {"archive": checked.archive, "folder": checked.folder, "published_by": "usr_1"}
        await own.add(
            tx,
            ELEMENT,
            checked.element,
            project_id=PROJECT,
            organisation_id="org_1",
            published_at=datetime.now(UTC),
            **rest,
        )
