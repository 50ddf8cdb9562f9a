"""A cluster as plain files."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.cluster.tests.world import Person, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


class _Data(yaml.SafeLoader):
    """Reads ``!unsafe`` as the text that it marks."""


_Data.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


async def exported(world: World, person: Person, cluster_id: str) -> dict[str, str]:
    answer = await world.show(person, f"clusters/{cluster_id}/export")
    files: dict[str, str] = answer["files"]
    return files


async def test_an_export_holds_what_was_built_and_no_secret(world: World, tmp_path: Path) -> None:
    alice = await world.person()
    cluster = await world.built(alice, "exported")
    files = await exported(world, alice, cluster["id"])
    plan = await world.show(alice, f"plans/{cluster['plan_id']}")
    await world.deleted(alice, cluster["id"])
    hosts = [host for role in plan["roles"] for host in role["hosts"]]
    batches = [batch for role in plan["roles"] for batch in role["batches"]]
    environments = [yaml.safe_load(files[path])["parameters"] for path in files if path.endswith("-0.env.yaml")]
    assert sorted(one["hosts"] for one in environments) == sorted(",".join(batch) for batch in batches)
    assert all(one["image"] == "bm-image" for one in environments)
    inventory = yaml.safe_load(files["ansible/inventory.yaml"])["all"]["children"]
    assert list(inventory["cluster"]["hosts"]) == hosts
    plays: list[Any] = yaml.load(files["ansible/site.yml"], _Data)
    assert [play["import_playbook"] for play in plays] == [f"elements/{e['name']}/apply.yaml" for e in plan["elements"]]
    assert [play["vars"]["element"] for play in plays] == [element["values"] for element in plan["elements"]]
    assert all(play["import_playbook"].replace("elements", "ansible/elements", 1) in files for play in plays)
    assert "ansible/elements/library/host_ledger.py" in files
    assert not any("PRIVATE KEY" in text or "ecdsa" in path for path, text in files.items())
    _check_scripts(files, tmp_path)


def _check_scripts(files: dict[str, str], folder: Path) -> None:
    """Write the export down, have bash read its scripts, and make its secrets."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for script in ("create.sh", "delete.sh", "secrets.sh", "cluster.sh"):
        subprocess.run(["bash", "-n", str(folder / script)], check=True, timeout=10)
    for _ in range(2):
        subprocess.run(["bash", "secrets.sh"], cwd=folder, check=True, timeout=30)
        secrets = (folder / "ansible/group_vars/all/secrets.yaml").read_text()
    assert (folder / "ansible/group_vars/all/secrets.yaml").stat().st_mode & 0o77 == 0
    assert yaml.safe_load(secrets)["cluster_secrets"] is not None
    user_data = yaml.safe_load((folder / "user-data.yaml").read_text())
    assert user_data["write_files"][0]["content"].strip() == (folder / "ansible/ssh/authority.pub").read_text().strip()


async def test_an_export_proves_what_the_blueprint_checks(world: World) -> None:
    alice = await world.person()
    cluster = await world.built(alice, "proven", blueprint="checked")
    files = await exported(world, alice, cluster["id"])
    plan = await world.show(alice, f"plans/{cluster['plan_id']}")
    await world.deleted(alice, cluster["id"])
    verify: list[Any] = yaml.load(files["ansible/verify.yml"], _Data)
    names = [f"elements/{element['name']}/verify.yaml" for element in plan["elements"]]
    assert [play["import_playbook"] for play in verify] == [*names, "blueprint/checks/mpi-everywhere.yaml"]
    assert verify[-1]["vars"]["element"] == plan["parameters"]
    checks = Path(__file__).parents[3] / "blueprints/mpi/checks"
    for path in checks.iterdir():
        assert files[f"ansible/blueprint/checks/{path.name}"] == path.read_text()
    assert "mpi-everywhere" in files["README.md"]
    assert "blueprint/" not in files["ansible/site.yml"]


async def test_who_may_not_export_is_told_so_or_sees_nothing(world: World) -> None:
    alice, stranger = await world.person(), await world.person()
    cluster = await world.built(alice, "mine")
    path = f"/v1/clusters/{cluster['id']}/export"
    viewer = world.authority.pass_for("usr_v", "cluster", projects={alice.projects[0]: ["cluster.read"]})
    assert (await world.cluster.client.get(path, headers=viewer)).status_code == 403
    hidden = await world.cluster.client.get(path, headers=world.ask(stranger))
    nothing = await world.cluster.client.get("/v1/clusters/clu_nothing/export", headers=world.ask(stranger))
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.content == nothing.content
    await world.deleted(alice, cluster["id"])
