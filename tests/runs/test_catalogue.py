"""Elements as the blueprint service publishes them."""

from pathlib import Path

from services.blueprint.config import CatalogueSettings
from services.blueprint.main import SERVICE as BLUEPRINT
from services.blueprint.schema import SCHEMA as BLUEPRINT_SCHEMA
from services.chassis.testing.app import running
from services.runner.schema import SCHEMA
from tests.runs.platform import Platform, element, files_below

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
