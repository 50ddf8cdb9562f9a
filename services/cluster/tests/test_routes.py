"""What the routes take, refuse and show, before anything is carried out: a service without workers."""

from datetime import UTC, datetime, timedelta

import pytest

from services.cluster.tests.world import PARAMETERS

pytestmark = pytest.mark.asyncio(loop_scope="session")
SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.fixture
def ask(world):
    """Return a function that sends a person's request to the service without workers."""

    async def send(person, method, path, body=None, **headers):
        options = {"json": body} if body is not None else {}
        return await world.idle.client.request(method, f"/v1/{path}", headers=world.ask(person, **headers), **options)

    return send


@pytest.fixture
def made(world):
    async def make(person, name="c1", **body):
        answer = await world.create(person, name, world.idle, **body)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/v1/operations/{answer.json()['operation_id']}"
        return answer.json()

    return make


def wish(person, **body):
    return {"project": person.projects[0], "name": "c1", "blueprint": "small", "parameters": PARAMETERS, **body}


async def test_a_plan_is_made_shown_and_built(world, ask):
    alice = await world.person()
    plan = (await ask(alice, "POST", "plans", wish(alice))).json()
    assert plan["fit"]["fits"] and (await ask(alice, "GET", f"plans/{plan['id']}")).json() == plan
    body = {"project": alice.projects[0], "name": "c1", "plan": plan["id"]}
    built = await ask(alice, "POST", "clusters", body)
    cluster = (await ask(alice, "GET", f"clusters/{built.json()['cluster_id']}")).json()
    assert cluster["plan_id"] == plan["id"] and cluster["state"] == "building"


async def test_a_plan_leaves_no_choice(world, ask):
    alice, bob = await world.person(), await world.person()
    plan = (await ask(alice, "POST", "plans", wish(alice))).json()
    both = await ask(alice, "POST", "clusters", wish(alice, plan=plan["id"]))
    assert {error["pointer"] for error in both.json()["errors"]} == {"/blueprint", "/parameters"}
    other_name = {"project": alice.projects[0], "name": "c2", "plan": plan["id"]}
    assert (await ask(alice, "POST", "clusters", other_name)).json()["code"] == "plan-mismatch"
    foreign = {"project": bob.projects[0], "name": "c1", "plan": plan["id"]}
    assert (await ask(bob, "POST", "clusters", foreign)).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"blueprint": None}, {"/blueprint"}),
        ({"blueprint": "nothing"}, {"/blueprint"}),
        ({"version": "9.9.9"}, {"/blueprint"}),
        ({"cloud": "nowhere"}, {"/cloud"}),
        ({"name": "No Host Name", "surprise": 1}, {"/name", ""}),
        ({"expires_at": "2020-01-01T00:00:00Z"}, {"/expires_at"}),
        ({"parameters": {"compute_count": 0}}, {"/parameters/compute_count", "/parameters"}),
    ],
)
async def test_what_is_wrong_is_named(world, ask, body, pointers):
    alice = await world.person()
    answer = await ask(alice, "POST", "clusters", wish(alice, **body))
    assert answer.status_code == 422, answer.text
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers


async def test_a_cloud_without_machines_has_no_room(world, ask):
    alice = await world.person()
    answer = await ask(alice, "POST", "clusters", wish(alice, cloud="beta"))
    assert answer.status_code == 409 and answer.json()["code"] == "does-not-fit"


async def test_a_name_is_taken_within_its_project_only(world, ask, made):
    alice, bob = await world.person(), await world.person()
    await made(alice)
    taken = await ask(alice, "POST", "clusters", wish(alice))
    assert taken.status_code == 409 and taken.json()["code"] == "name-taken"
    await made(bob)


async def test_settings_are_changed_by_their_version(world, ask, made):
    alice = await world.person()
    path = f"clusters/{(await made(alice))['cluster_id']}"
    first = (await ask(alice, "GET", path)).headers["etag"]
    locked = await ask(alice, "PATCH", path, {"locked": True, "expires_at": SOON}, **{"If-Match": first})
    assert locked.json()["locked"] and locked.json()["expires_at"] and locked.headers["etag"] != first
    stale = await ask(alice, "PATCH", path, {"locked": False}, **{"If-Match": first})
    assert stale.status_code == 412
    nothing = await ask(alice, "PATCH", path, {})
    assert nothing.headers["etag"] == locked.headers["etag"]
    endless = await ask(alice, "PATCH", path, {"expires_at": None})
    assert endless.json()["expires_at"] is None and endless.json()["locked"]
    past = await ask(alice, "PATCH", path, {"expires_at": "2020-01-01T00:00:00Z"})
    assert past.json()["code"] == "end-in-the-past"


async def test_anothers_things_are_the_same_404_as_nothing(world, ask, made):
    alice, bob = await world.person(), await world.person()
    accepted = await made(alice)
    plan = (await ask(alice, "GET", f"clusters/{accepted['cluster_id']}")).json()["plan_id"]
    paths = {
        f"clusters/{accepted['cluster_id']}": "clusters/clu_nothing",
        f"operations/{accepted['operation_id']}": "operations/op_nothing",
        f"operations/{accepted['operation_id']}/matrix": "operations/op_nothing/matrix",
        f"operations/{accepted['operation_id']}/log": "operations/op_nothing/log",
        f"plans/{plan}": "plans/pln_nothing",
    }
    for theirs, nothing in paths.items():
        assert (await ask(alice, "GET", theirs)).status_code == 200
        answers = [await ask(bob, "GET", path) for path in (theirs, nothing)]
        assert {answer.status_code for answer in answers} == {404} and answers[0].content == answers[1].content
    for method, path, body in (
        ("DELETE", f"clusters/{accepted['cluster_id']}", None),
        ("PATCH", f"clusters/{accepted['cluster_id']}", {"locked": True}),
        ("POST", f"operations/{accepted['operation_id']}/cancel", None),
    ):
        assert (await ask(bob, method, path, body)).status_code == 404
    assert (await ask(bob, "POST", "clusters", wish(alice))).status_code == 404


async def test_a_viewer_sees_and_changes_nothing(world, made):
    alice = await world.person()
    accepted = await made(alice)
    path = f"/v1/clusters/{accepted['cluster_id']}"
    seen = {alice.projects[0]: ["cluster.read", "operation.read"]}

    def headers():
        return {**world.authority.pass_for("usr_v", "cluster", projects=seen), "Idempotency-Key": "k"}

    assert (await world.idle.client.get(path, headers=headers())).status_code == 200
    assert (await world.idle.client.delete(path, headers=headers())).status_code == 403
    answer = await world.idle.client.post("/v1/clusters", json=wish(alice, name="c2"), headers=headers())
    assert answer.status_code == 403


async def test_lists_keep_to_the_callers_projects_page_and_filter(world, ask, made):
    alice = await world.person()
    both = await world.person(alice.projects[0], (await world.person()).projects[0])
    for number in range(3):
        await made(alice, f"c{number}")
    other = await made(type(both)(both.id, both.projects[1:]), "other")
    first = (await ask(both, "GET", "clusters?limit=3")).json()
    rest = (await ask(both, "GET", f"clusters?limit=3&cursor={first['next_cursor']}")).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["other", "c2", "c1", "c0"]
    assert [item["name"] for item in (await ask(alice, "GET", "clusters")).json()["items"]] == ["c2", "c1", "c0"]
    named = (await ask(both, "GET", f"clusters?project={alice.projects[0]}&name=c1")).json()
    assert [item["name"] for item in named["items"]] == ["c1"]
    theirs = (await ask(both, "GET", f"operations?project={both.projects[1]}")).json()["items"]
    assert [item["id"] for item in theirs] == [other["operation_id"]]
    assert (await ask(alice, "GET", f"operations?project={both.projects[1]}")).json()["items"] == []
    assert len((await ask(alice, "GET", "operations?state=queued")).json()["items"]) == 3
    assert (await ask(alice, "GET", "clusters?cursor=nonsense")).status_code == 422


async def test_an_operation_takes_only_what_is_allowed(world, ask, made):
    alice = await world.person()
    path = f"operations/{(await made(alice))['operation_id']}"
    assert (await ask(alice, "GET", path)).json()["allowed"] == ["cancel"]
    assert (await ask(alice, "POST", f"{path}/resume")).status_code == 409
    assert (await ask(alice, "POST", f"{path}/undo")).status_code == 409
    cancelled = await ask(alice, "POST", f"{path}/cancel")
    assert cancelled.status_code == 202 and cancelled.json()["state"] == "cancelling"


async def test_the_database_itself_keeps_projects_apart(world, made):
    from sqlalchemy import func, select

    from services.cluster.schema import metadata

    alice, bob = await world.person(), await world.person()
    await made(alice)
    tables = [table for table in metadata.tables.values() if "project_id" in table.c]
    assert len(tables) >= 9
    for table in tables:
        async with world.idle.context.db.project(bob.projects[0]) as tx:
            assert (await tx.execute(select(func.count()).select_from(table))).scalar_one() == 0, table.name
