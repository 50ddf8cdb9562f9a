"""Organisations, projects and who belongs to them."""

import asyncio

from services.identity.tests.platform import Platform


async def test_members_see_their_projects_and_nobody_elses(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    mine, other = await platform.add_project("mine"), await platform.add_project("other")
    assert (await platform.set_member(mine, "ada@example.org", "member")).json()["role"] == "member"
    session = await platform.session("ada@example.org")
    listed = (await platform.ask("GET", "/v1/projects", session)).json()["items"]
    assert [one["id"] for one in listed] == [mine]
    organisations = (await platform.ask("GET", "/v1/organisations", session)).json()["items"]
    assert [one["name"] for one in organisations] == ["acme"]
    foreign = await platform.ask("GET", f"/v1/projects/{other}", session)
    missing = await platform.ask("GET", "/v1/projects/prj_nothing", session)
    assert foreign.status_code == missing.status_code == 404 and foreign.content == missing.content
    members = await platform.ask("GET", f"/v1/projects/{other}/members", session)
    assert members.content == missing.content


async def test_who_has_no_project_sees_an_empty_list(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    answer = await platform.ask("GET", "/v1/projects", await platform.session("ada@example.org"))
    assert answer.json() == {"items": [], "next_cursor": None}


async def test_managers_decide_who_belongs_members_do_not(platform: Platform) -> None:
    for name in ("max", "mia", "joe"):
        await platform.add_user(f"{name}@example.org")
    project = await platform.add_project("mine")
    await platform.set_member(project, "max@example.org", "manager")
    await platform.set_member(project, "mia@example.org", "member")
    path = f"/v1/projects/{project}/members"
    refused = await platform.ask(
        "PUT", f"{path}/joe@example.org", await platform.session("mia@example.org"), json={"role": "viewer"}
    )
    assert refused.status_code == 403
    manager = await platform.session("max@example.org")
    assert (await platform.ask("PUT", f"{path}/joe@example.org", manager, json={"role": "viewer"})).status_code == 200
    joe = await platform.session("joe@example.org")
    assert {one["role"] for one in (await platform.ask("GET", path, joe)).json()["items"]} == {
        "manager",
        "member",
        "viewer",
    }
    assert (await platform.ask("DELETE", f"{path}/joe@example.org", manager)).status_code == 204
    assert (await platform.ask("GET", path, joe)).status_code == 404


async def test_a_project_keeps_its_last_manager_even_in_a_race(platform: Platform) -> None:
    for name in ("max", "mia"):
        await platform.add_user(f"{name}@example.org")
    project = await platform.add_project("mine")
    for name in ("max", "mia"):
        await platform.set_member(project, f"{name}@example.org", "manager")
    path = f"/v1/projects/{project}/members"
    client, headers = platform.identity.client, platform.operator()
    answers = await asyncio.gather(
        *(client.delete(f"{path}/{name}@example.org", headers=headers) for name in ("max", "mia"))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"last-manager"}
    left = (await client.get(path, headers=headers)).json()["items"]
    assert [one["role"] for one in left] == ["manager"]
    demoted = await platform.set_member(project, left[0]["user_id"], "member")
    assert demoted.status_code == 409


async def test_what_does_not_exist_is_said(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    project = await platform.add_project("mine")
    assert (await platform.set_member(project, "nobody@example.org", "member")).status_code == 404
    assert (await platform.set_member("prj_nothing", "ada@example.org", "member")).status_code == 404
    wrong = await platform.set_member(project, "ada@example.org", "admin")
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["pointer"] == "/role"
    body = {"organisation": "nobody", "name": "mine"}
    answer = await platform.identity.client.post("/v1/projects", json=body, headers=platform.operator())
    assert answer.json()["errors"][0]["pointer"] == "/organisation"
    body = {"organisation": "acme", "name": "mine"}
    assert (
        await platform.identity.client.post("/v1/projects", json=body, headers=platform.operator())
    ).status_code == 409
