"""The catalogue as its users see it: published at the start, immutable, validated with every error at once."""

import io
import shutil
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from services.blueprint.config import CatalogueSettings
from services.blueprint.main import SERVICE
from services.blueprint.schema import SCHEMA, blueprint_versions
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from tests.support.servers import FreshDatabase

_ROOT = Path(__file__).parents[3]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A copy of the catalogue's folders that a test may change."""
    shutil.copytree(_ROOT / "blueprints", tmp_path / "blueprints")
    shutil.copytree(_ROOT / "elements", tmp_path / "elements")
    return tmp_path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
async def service(folders: Path, authority: Authority, fresh_database: FreshDatabase) -> AsyncIterator[RunningService]:
    database = await fresh_database(SCHEMA)
    catalogue = CatalogueSettings(str(folders / "blueprints"), str(folders / "elements"))
    async with running(SERVICE, authority, database=database, catalogue=catalogue) as started:
        yield started


@pytest.fixture
def headers(authority: Authority) -> dict[str, str]:
    return authority.pass_for("usr_1", "blueprint", projects={"prj_1": ["blueprint.read"]}, service="gateway")


async def test_what_is_in_the_folders_is_published(service: RunningService, headers: dict[str, str]) -> None:
    names = [item["name"] for item in (await service.client.get("/v1/blueprints", headers=headers)).json()["items"]]
    assert names == ["mpi", "slurm"]
    assert (await service.client.get("/readyz")).json()["complaints"] == {}
    slurm = (await service.client.get("/v1/blueprints/slurm", headers=headers)).json()
    munge = next(use for use in slurm["elements"] if use["element"] == "munge")
    assert munge["version"] == "1.0.0" and munge["secrets"][0]["kind"] == "random-bytes"
    assert set(slurm["templates"]) == {"shared", "head", "compute"} and "machine.yaml" in slurm["template_files"]


async def test_a_form_asks_for_what_the_schema_wants(service: RunningService, headers: dict[str, str]) -> None:
    fields = (await service.client.get("/v1/blueprints/slurm/form", headers=headers)).json()["fields"]
    users = next(field for field in fields if field["name"] == "users")
    assert users["required"] and users["widget"] == "list"


async def test_an_archive_holds_the_element_and_the_shared_modules(
    service: RunningService, headers: dict[str, str]
) -> None:
    answer = await service.client.get("/internal/elements/munge/versions/1.0.0/archive", headers=headers)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        names = archive.getnames()
    assert {"munge/apply.yaml", "munge/element.yaml", "library/host_ledger.py"} <= set(names)


async def test_an_archive_holds_what_the_checks_need(service: RunningService, headers: dict[str, str]) -> None:
    address = "/internal/blueprints/slurm/versions/1.0.0/archive"
    answer = await service.client.get(address, headers=headers)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        assert archive.getnames() == [
            "checks/allreduce.c",
            "checks/hostname-everywhere.yaml",
            "checks/mpi-through-slurm.yaml",
        ]
    assert (await service.client.get(address.replace("1.0.0", "9.9.9"), headers=headers)).status_code == 404


async def test_a_version_from_before_archives_were_kept_gets_its_own(
    folders: Path, authority: Authority, fresh_database: FreshDatabase, headers: dict[str, str]
) -> None:
    database = await fresh_database(SCHEMA)
    catalogue = CatalogueSettings(str(folders / "blueprints"), str(folders / "elements"))
    async with running(SERVICE, authority, database=database, catalogue=catalogue) as first:
        async with first.process.database.unscoped() as tx:
            await tx.execute(update(blueprint_versions).values(archive=None))
        address = "/internal/blueprints/mpi/versions/1.0.0/archive"
        assert (await first.client.get(address, headers=headers)).status_code == 404
    async with running(SERVICE, authority, database=database, catalogue=catalogue) as again:
        assert b"mpi-everywhere.yaml" in (await again.client.get(address, headers=headers)).content


async def test_a_published_version_never_changes(
    folders: Path, authority: Authority, fresh_database: FreshDatabase
) -> None:
    database = await fresh_database(SCHEMA)
    catalogue = CatalogueSettings(str(folders / "blueprints"), str(folders / "elements"))
    async with running(SERVICE, authority, database=database, catalogue=catalogue):
        pass
    with (folders / "blueprints/slurm/README.md").open("a") as readme:
        readme.write("one more line\n")
    async with running(SERVICE, authority, database=database, catalogue=catalogue) as again:
        complaints = (await again.client.get("/readyz")).json()["complaints"]
    assert "slurm 1.0.0 was published with another content" in complaints["catalogue"]


async def test_validation_names_every_error_with_its_line(
    service: RunningService, headers: dict[str, str], folders: Path
) -> None:
    files = {
        path.relative_to(folders / "blueprints/slurm").as_posix(): path.read_text()
        for path in (folders / "blueprints/slurm").rglob("*")
        if path.is_file()
    }
    good = await service.client.post("/v1/blueprints/validate", json={"files": files}, headers=headers)
    assert good.json() == {"valid": True, "findings": []}
    files["blueprint.yaml"] = files["blueprint.yaml"].replace("element: munge,", "element: mungo,")
    files["infrastructure/head.yaml"] += "  evil:\n    value: {get_file: /etc/passwd}\n"
    files["infrastructure/machine.yaml"] = files["infrastructure/machine.yaml"].replace(
        "OS::Nova::Server", "OS::Heat::SoftwareDeployment"
    )
    report = (await service.client.post("/v1/blueprints/validate", json={"files": files}, headers=headers)).json()
    told = {(item["file"], item["message"]) for item in report["findings"]}
    assert not report["valid"]
    assert ("blueprint.yaml", "There is no element mungo >=1.0.0 <2.0.0.") in told
    assert ("infrastructure/head.yaml", "The function get_file is not allowed.") in told
    assert (
        "infrastructure/machine.yaml",
        "The resource type OS::Heat::SoftwareDeployment is not allowed. "
        "Machines are set up by elements: put what it does into one.",
    ) in told
    assert all(item["line"] for item in report["findings"])


@pytest.mark.parametrize(
    "text",
    ["a: &x [1]\nb: *x\n", "[" * 100, "a: [", "x" * 1_100_000, "\t- a"],
    ids=["alias", "deep", "open", "large", "tab"],
)
async def test_hostile_yaml_is_a_finding(service: RunningService, headers: dict[str, str], text: str) -> None:
    body = {"files": {"blueprint.yaml": text}}
    answer = await service.client.post("/v1/blueprints/validate", json=body, headers=headers)
    assert answer.status_code == 200 and not answer.json()["valid"]


async def test_unknown_things_are_the_uniform_404(service: RunningService, headers: dict[str, str]) -> None:
    one = await service.client.get("/v1/blueprints/nothing?owner=catalogue", headers=headers)
    other = await service.client.get("/v1/elements/munge", params={"version": "9.9.9"}, headers=headers)
    assert one.status_code == other.status_code == 404 and one.content == other.content
