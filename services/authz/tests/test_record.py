"""Bindings, revocations and the audit record."""

import asyncio
import time

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from services.authz.domain.refusals import RefusalRecorder
from services.authz.tests.asking import Asking
from services.chassis.bus import new_event


async def test_every_change_is_recorded_in_a_chain_that_holds(asking: Asking) -> None:
    await asking.bind("usr_1", "manager", "prj_a")
    await asking.bind("usr_2", "manager", "prj_a")
    await asking.bind("usr_1", "viewer", "prj_a")
    await asking.delete("identity", "/internal/bindings", subject="usr_1", project_id="prj_a")
    await asking.put("identity", "/internal/subjects/usr_1/suspension", {"reason": "unpaid"})
    await asking.delete("identity", "/internal/subjects/usr_1/suspension")
    records = (await asking.operator("/v1/audit", subject="usr_1")).json()["items"]
    assert [one["kind"] for one in records] == [
        "subject.restored",
        "subject.suspended",
        "binding.removed",
        "binding.set",
        "binding.set",
    ]
    assert records[3]["data"] == {"role": "viewer", "before": "manager"} and records[3]["chain"] == ["identity"]
    verified = (await asking.operator("/v1/audit/verification")).json()
    assert verified["intact"] and verified["records"] == 6 and verified["first_broken"] is None


async def test_the_record_is_read_in_pages_from_the_newest(asking: Asking) -> None:
    for number in range(5):
        await asking.bind(f"usr_{number}", "viewer", "prj_a")
    numbers, cursor = [], None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await asking.operator("/v1/audit", **query)).json()
        numbers += [one["number"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert numbers == [5, 4, 3, 2, 1]


async def test_a_record_cannot_be_changed_and_a_forged_one_shows(asking: Asking) -> None:
    for number in range(4):
        await asking.bind(f"usr_{number}", "viewer", "prj_a")
    with pytest.raises(DBAPIError, match="never changed"):
        async with asking.service.context.db.unscoped() as tx:
            await tx.exec_driver_sql("UPDATE audit_record SET subject = 'usr_x' WHERE number = 2")
    settings = asking.service.process.settings.database
    owner = await asyncpg.connect(settings.migrate_url)
    try:
        await owner.execute("ALTER TABLE audit_record DISABLE TRIGGER keep_audit_record")
        await owner.execute("UPDATE audit_record SET subject = 'usr_x' WHERE number = 2")
    finally:
        await owner.close()
    verified = (await asking.operator("/v1/audit/verification")).json()
    assert not verified["intact"] and verified["first_broken"] == 2


async def test_a_refusal_is_recorded_once_however_often_it_arrives(asking: Asking) -> None:
    recorder = RefusalRecorder(asking.service.context.db, bus=None)
    data = {"route": "POST /v1/clusters", "permission": "cluster.create", "chain": ["gateway"], "status": 403}
    event = new_event("audit.refused", source="cluster", subject="usr_1", project_id="prj_a", data=data)
    for _ in range(3):
        await recorder.record(event)
    records = (await asking.operator("/v1/audit", kind="refused", project="prj_a")).json()["items"]
    assert len(records) == 1 and records[0]["data"]["service"] == "cluster" and records[0]["chain"] == ["gateway"]


async def test_concurrent_changes_make_one_unbroken_chain(asking: Asking) -> None:
    await asyncio.gather(*(asking.bind(f"usr_{number}", "viewer", "prj_a") for number in range(20)))
    verified = (await asking.operator("/v1/audit/verification")).json()
    assert verified["intact"] and verified["records"] == 20


async def test_the_record_is_for_those_who_may_read_it(asking: Asking) -> None:
    member = asking.authority.pass_for("usr_1", "authz", platform=["binding.read"])
    assert (await asking.client.get("/v1/audit", headers=member)).status_code == 403
    assert (await asking.client.get("/v1/bindings", headers=member)).status_code == 200


async def test_revocations_are_pulled_by_number_and_made_by_their_owners_only(asking: Asking) -> None:
    for value in ("ses_1", "ses_2"):
        body = {"kind": "credential", "value": value, "reason": "logged out"}
        assert (await asking.post("identity", "/internal/revocations", body)).status_code == 201
    headers = asking.authority.proof_for("authz", service="relay")
    page = (await asking.client.get("/internal/revocations", params={"since": 1}, headers=headers)).json()
    assert [(one["number"], one["value"]) for one in page["items"]] == [(2, "ses_2")]
    body = {"kind": "subject", "value": "usr_1", "reason": "because"}
    assert (await asking.post("cluster", "/internal/revocations", body)).status_code == 403
    assert (await asking.post("runner", "/internal/revocations", body)).status_code == 403


async def test_a_lost_permission_ends_passes_and_leaves_the_session(asking: Asking) -> None:
    await asking.bind("usr_1", "member", "prj_a")
    session = asking.session("usr_1")
    held = await asking.token("gateway", "cluster", session)
    await asking.bind("usr_1", "viewer", "prj_a")
    assert (await asking.exchange("cluster", "node", held)).status_code == 401
    assert (await asking.exchange("gateway", "cluster", session)).status_code == 200


async def test_another_process_of_authz_hears_of_changes(asking: Asking) -> None:
    session = asking.session("usr_1")
    assert asking.read(await asking.token("gateway", "cluster", session), "cluster", "gateway").projects == {}
    async with asking.service.context.db.all_projects(purpose="stand in for another process") as tx:
        await tx.exec_driver_sql("INSERT INTO project_binding VALUES ('usr_1', 'prj_a', 'member')")
        await tx.exec_driver_sql("SELECT pg_notify('cloudpoint_authz', 'usr_1')")
    end = time.monotonic() + 5
    while "prj_a" not in asking.read(await asking.token("gateway", "cluster", session), "cluster", "gateway").projects:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_bindings_are_listed_and_explained(asking: Asking) -> None:
    await asking.bind("usr_1", "viewer", "prj_a")
    await asking.bind("usr_1", "operator")
    await asking.bind("usr_2", "manager", "prj_a")
    listed = (await asking.operator("/v1/bindings", limit="2")).json()
    assert [(one["subject"], one["role"]) for one in listed["items"]] == [("usr_1", "operator"), ("usr_1", "viewer")]
    rest = (await asking.operator("/v1/bindings", cursor=listed["next_cursor"])).json()
    assert [one["subject"] for one in rest["items"]] == ["usr_2"] and rest["next_cursor"] is None
    path = "/v1/bindings/explanation"
    no = (await asking.operator(path, subject="usr_1", permission="cluster.create", project="prj_a")).json()
    assert not no["allowed"] and any("member" in sentence for sentence in no["sentences"])
    yes = (await asking.operator(path, subject="usr_2", permission="cluster.create", project="prj_a")).json()
    assert yes["allowed"] and any("manager of prj_a" in sentence for sentence in yes["sentences"])


@pytest.mark.parametrize(
    ("role", "project"), [("operator", "prj_a"), ("member", None), ("emperor", "prj_a"), ("emperor", None)]
)
async def test_a_role_is_given_where_it_belongs(asking: Asking, role: str, project: str | None) -> None:
    body = {"subject": "usr_1", "role": role, "project_id": project}
    answer = await asking.put("identity", "/internal/bindings", body)
    assert answer.status_code == 422 and answer.json()["code"] == "unknown-role"


async def test_only_identity_writes_bindings(asking: Asking) -> None:
    body = {"subject": "usr_1", "role": "admin", "project_id": None}
    for service in ("gateway", "cluster", "runner"):
        assert (await asking.put(service, "/internal/bindings", body)).status_code == 403
