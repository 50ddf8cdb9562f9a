"""A project's own blueprints and elements: published for good, shared within the organisation, nowhere else."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from services.blueprint.schema import own_names, own_versions
from services.blueprint.storage import own
from services.blueprint.storage.kinds import BLUEPRINT
from services.blueprint.tests.folders import blueprint_texts, element_texts, packed
from services.blueprint.tests.shop import Shop
from services.chassis.auth.caller import Scope

_ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_is_published_is_there_for_its_project_and_nobody_else(shop: Shop) -> None:
    answer = await shop.publish("a", "blueprint", blueprint_texts("ours"))
    assert answer.status_code == 201, answer.text
    assert answer.json()["owner"] == shop.projects["a"] and not answer.json()["shared"]
    assert ("ours", shop.projects["a"]) in await shop.names("a")
    shown = (await shop.get("a", "blueprints/ours")).json()
    assert shown["version"] == "1.0.0" and set(shown["templates"]) == {"shared", "head", "compute"}
    assert (await shop.get("a", "blueprints/ours/form")).json()["fields"]
    assert await shop.names("b") == await shop.names("c") == []
    nothing = await shop.get("b", "blueprints/nothing")
    for path in ("ours", "ours/form", "ours/versions", "ours/files", "ours/difference"):
        query = {"before": "1.0.0"} if path.endswith("difference") else {}
        hidden = await shop.get("b", f"blueprints/{path}", owner=shop.projects["a"], **query)
        assert hidden.status_code == 404 and hidden.content == nothing.content, path
    foreign = await shop.publish("a", "blueprint", blueprint_texts("ours")), shop.headers("b")
    body = {"project": shop.projects["a"], "files": blueprint_texts("ours", "2.0.0")}
    refused = await shop.service.client.post("/v1/blueprints", json=body, headers=foreign[1])
    assert refused.status_code == 404 and refused.content == nothing.content


async def test_who_only_looks_publishes_nothing(shop: Shop) -> None:
    looking = shop.headers("a", permissions=["blueprint.read"])
    body = {"project": shop.projects["a"], "files": blueprint_texts("ours")}
    assert (await shop.service.client.post("/v1/blueprints", json=body, headers=looking)).status_code == 403
    assert await shop.kept() == 0


@pytest.mark.parametrize("around", ["", "./", "ours/"])
@pytest.mark.parametrize("zipped", [True, False])
async def test_an_archive_is_as_good_as_texts(shop: Shop, around: str, zipped: bool) -> None:
    sent = await shop.send("a", "blueprint", packed(blueprint_texts("ours"), around=around, zipped=zipped))
    assert sent.status_code == 201, sent.text
    again = await shop.publish("a", "blueprint", blueprint_texts("ours"))
    assert again.json() == sent.json()
    files = (await shop.get("a", "blueprints/ours/files")).json()["files"]
    assert files == blueprint_texts("ours")


async def test_a_published_version_never_changes(shop: Shop) -> None:
    await shop.publish("a", "blueprint", blueprint_texts("ours"))
    changed = await shop.publish("a", "blueprint", blueprint_texts("ours", **{"README.md": "More.\n"}))
    assert changed.status_code == 409 and changed.json()["code"] == "version-exists"
    assert "Raise its version" in changed.json()["hint"]
    raised = await shop.publish("a", "blueprint", blueprint_texts("ours", "1.1.0", **{"README.md": "More.\n"}))
    assert raised.status_code == 201
    await shop.publish("a", "blueprint", blueprint_texts("ours", "2.0.0-rc.1"))
    versions = (await shop.get("a", "blueprints/ours/versions")).json()["items"]
    assert [one["version"] for one in versions] == ["2.0.0-rc.1", "1.1.0", "1.0.0"]
    assert (await shop.get("a", "blueprints/ours")).json()["version"] == "1.1.0"
    old = (await shop.get("a", "blueprints/ours", version="1.0.0")).json()
    assert old["readme"] == ""


async def test_a_difference_is_told_by_file_and_parameter(shop: Shop) -> None:
    await shop.publish("a", "blueprint", blueprint_texts("ours"))
    later = blueprint_texts("ours", "1.1.0", **{"README.md": "New.\n"})
    later["blueprint.yaml"] = later["blueprint.yaml"].replace("maximum: 8", "maximum: 16")
    later["infrastructure/head.yaml"] += "\n# more\n"
    await shop.publish("a", "blueprint", later)
    told = (await shop.get("a", "blueprints/ours/difference", before="1.0.0")).json()
    assert (told["before"], told["after"]) == ("1.0.0", "1.1.0")
    kinds = {one["path"]: one["kind"] for one in told["files"]}
    assert kinds == {"README.md": "added", "blueprint.yaml": "changed", "infrastructure/head.yaml": "changed"}
    assert told["parameters_changed"] == ["compute_count"]
    lines = next(one["lines"] for one in told["files"] if one["path"] == "blueprint.yaml").splitlines()
    assert "-      maximum: 8" in lines and "+      maximum: 16" in lines
    back = (await shop.get("a", "blueprints/ours/difference", before="1.1.0", after="1.0.0")).json()
    assert {one["path"]: one["kind"] for one in back["files"]}["README.md"] == "removed"


async def test_the_catalogue_too_shows_its_folders(shop: Shop) -> None:
    files = (await shop.get("c", "blueprints/slurm/files")).json()["files"]
    assert files["blueprint.yaml"] == (_ROOT / "blueprints/slurm/blueprint.yaml").read_text()
    files = (await shop.get("c", "elements/munge/files")).json()["files"]
    assert files["apply.yaml"] == (_ROOT / "elements/munge/apply.yaml").read_text()


@pytest.mark.parametrize(
    ("kind", "texts"), [("blueprint", blueprint_texts("slurm")), ("element", element_texts("munge"))]
)
async def test_names_of_the_catalogue_are_taken(shop: Shop, kind: str, texts: dict[str, str]) -> None:
    answer = await shop.publish("a", kind, texts)
    assert answer.status_code == 409 and answer.json()["code"] == "name-reserved"
    assert f"The catalogue has the {kind}" in answer.json()["detail"] and await shop.kept() == 0


async def test_shared_is_seen_and_used_within_the_organisation_and_changed_by_its_owner(shop: Shop) -> None:
    await shop.publish("a", "blueprint", blueprint_texts("ours"))
    assert (await shop.put("a", "blueprints/ours", shared=True)).json()["shared"]
    assert await shop.names("b") == [("ours", shop.projects["a"])]
    assert await shop.names("c") == []
    assert (await shop.get("b", "blueprints/ours")).json()["shared"]
    assert (await shop.get("b", "blueprints/ours/files")).status_code == 200
    assert (await shop.get("c", "blueprints/ours", owner=shop.projects["a"])).status_code == 404
    assert (await shop.put("b", "blueprints/ours", shared=False)).status_code == 404
    taken = await shop.publish("b", "blueprint", blueprint_texts("ours", "9.0.0"))
    assert taken.status_code == 409 and "shares its blueprint ours with you" in taken.json()["detail"]
    await shop.put("a", "blueprints/ours", shared=False)
    assert await shop.names("b") == []
    assert (await shop.get("b", "blueprints/ours")).status_code == 404


async def test_the_database_itself_lets_others_read_what_is_shared_and_change_nothing(shop: Shop) -> None:
    await shop.publish("a", "blueprint", blueprint_texts("ours"))
    await shop.put("a", "blueprints/ours", shared=True)
    organisations = await shop.service.context.shelf.organisations.of(Scope((shop.projects["b"],)))
    async with own.within(shop.service.process.database, Scope((shop.projects["b"],)), organisations) as tx:
        assert [head.name for head in await own.heads(tx, BLUEPRINT)] == ["ours"]
        for table in (own_versions, own_names):
            assert (await tx.execute(update(table).values(name="theirs"))).rowcount == 0
            assert (await tx.execute(delete(table))).rowcount == 0
    assert await shop.names("a") == [("ours", shop.projects["a"])]


async def test_without_identity_what_is_known_goes_on_and_what_is_not_is_not_denied(shop: Shop) -> None:
    """Nobody asked for the organisation of c before; b's is known."""
    await shop.publish("a", "blueprint", blueprint_texts("ours"))
    await shop.put("a", "blueprints/ours", shared=True)
    assert await shop.names("b") == [("ours", shop.projects["a"])]
    client = shop.alone.client
    assert (await client.get("/v1/blueprints/ours", headers=shop.headers("b"))).status_code == 200
    assert (await client.get("/v1/blueprints/slurm", headers=shop.headers("c"))).status_code == 200
    listed = (await client.get("/v1/blueprints", headers=shop.headers("c"))).json()["items"]
    assert [item["name"] for item in listed] == ["mpi", "slurm"]
    unknown = await client.get("/v1/blueprints/ours", headers=shop.headers("c"))
    assert unknown.status_code == 503, unknown.text


async def test_of_two_by_one_name_the_own_counts_and_two_own_ones_are_told_apart(shop: Shop) -> None:
    await shop.publish("a", "blueprint", blueprint_texts("ours", "1.0.0"))
    await shop.publish("b", "blueprint", blueprint_texts("ours", "5.0.0"))
    await shop.put("a", "blueprints/ours", shared=True)
    assert (await shop.get("b", "blueprints/ours")).json()["version"] == "5.0.0"
    assert (await shop.get("b", "blueprints/ours", owner=shop.projects["a"])).json()["version"] == "1.0.0"
    both = await shop.get("ab", "blueprints/ours")
    assert both.status_code == 409 and both.json()["code"] == "ambiguous-name"
    assert all(shop.projects[name] in both.json()["detail"] for name in "ab")
    assert (await shop.get("ab", "blueprints/ours", project=shop.projects["a"])).json()["version"] == "1.0.0"
    clash = await shop.put("b", "blueprints/ours", shared=True)
    assert clash.status_code == 409 and "Another project" in clash.json()["detail"]


async def test_own_elements_are_used_by_own_blueprints_and_shared_with_them(shop: Shop) -> None:
    missing = await shop.publish("a", "blueprint", blueprint_texts("ours", element="greeting"))
    assert missing.status_code == 422 and "There is no element greeting" in missing.text
    assert (await shop.send("a", "element", packed(element_texts("greeting")))).status_code == 201
    other = await shop.publish("b", "blueprint", blueprint_texts("theirs", element="greeting"))
    assert other.status_code == 422
    assert (await shop.publish("a", "blueprint", blueprint_texts("ours", element="greeting"))).status_code == 201
    uses = (await shop.get("a", "blueprints/ours")).json()["elements"]
    assert (uses[0]["element"], uses[0]["owner"]) == ("greeting", shop.projects["a"])
    assert all(use["owner"] is None for use in uses[1:])
    early = await shop.put("a", "blueprints/ours", shared=True)
    assert early.status_code == 409 and "greeting" in early.json()["detail"]
    assert (await shop.put("a", "elements/greeting", shared=True)).status_code == 200
    assert (await shop.put("a", "blueprints/ours", shared=True)).status_code == 200
    late = await shop.put("a", "elements/greeting", shared=False)
    assert late.status_code == 409 and "ours" in late.json()["detail"]
    assert (await shop.publish("b", "blueprint", blueprint_texts("theirs", element="greeting"))).status_code == 201


async def test_archives_for_runs_are_read_by_who_may_see_them(shop: Shop) -> None:
    await shop.publish("a", "element", element_texts("greeting"))
    path = "/internal/elements/greeting/versions/1.0.0/archive"
    client, owner = shop.service.client, {"owner": shop.projects["a"]}
    good = await client.get(path, params=owner, headers=shop.headers("a"))
    assert b"greeting/apply.yaml" in good.content and b"library/host_ledger.py" in good.content
    assert (await client.get(path, params=owner, headers=shop.headers("b"))).status_code == 404
    assert (await client.get(path, headers=shop.headers("b"))).status_code == 404


async def test_every_error_is_told_at_once_and_nothing_is_kept(shop: Shop) -> None:
    texts = blueprint_texts("ours")
    texts["infrastructure/head.yaml"] += "  evil:\n    value: {get_file: /etc/passwd}\n"
    texts["infrastructure/machine.yaml"] = texts["infrastructure/machine.yaml"].replace(
        "OS::Nova::Server", "OS::Heat::SoftwareDeployment"
    )
    answer = await shop.publish("a", "blueprint", texts)
    assert answer.status_code == 422 and answer.json()["code"] == "invalid-upload"
    told: dict[str, Any] = {error["pointer"]: error["message"] for error in answer.json()["errors"]}
    assert "get_file is not allowed" in told["/files/infrastructure~1head.yaml"]
    assert "OS::Heat::SoftwareDeployment is not allowed" in told["/files/infrastructure~1machine.yaml"]
    assert all(message.startswith("Line ") for message in told.values())
    assert await shop.kept() == 0


async def test_an_element_is_held_to_the_law_files(shop: Shop) -> None:
    texts = element_texts("greeting")
    del texts["revert.yaml"]
    texts["verify.yaml"] = "it: is no playbook\n"
    texts["element.yaml"] = texts["element.yaml"].replace("reversible: true", "reversible: false")
    answer = await shop.publish("a", "element", texts)
    places = {error["pointer"] for error in answer.json()["errors"]}
    assert answer.status_code == 422
    assert places == {"/files/revert.yaml", "/files/verify.yaml", "/files/element.yaml"}
    shared = await shop.publish("a", "element", element_texts("library"))
    assert shared.status_code == 422 and await shop.kept() == 0


async def test_conflicts_between_elements_hold_for_own_ones(shop: Shop) -> None:
    texts = element_texts("greeting")
    texts["element.yaml"] = texts["element.yaml"].replace("conflicts: []", "conflicts: [users]")
    texts["element.yaml"] = texts["element.yaml"].replace("requires: []", "requires: [music]")
    await shop.publish("a", "element", texts)
    answer = await shop.publish("a", "blueprint", blueprint_texts("ours", element="greeting"))
    assert "greeting requires music" in answer.text and "conflict on" in answer.text
