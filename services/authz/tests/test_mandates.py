"""Mandates: what they grant, what they never grant, and when they stop."""

import httpx

from services.authz.tests.asking import Asking
from services.contracts.permissions import MANDATES, STANDING


async def member_pass(asking: Asking, role: str = "member") -> str:
    """Return a member's pass as the cluster service was called with it."""
    await asking.bind("usr_1", role, "prj_a")
    return await asking.token("gateway", "cluster", asking.session("usr_1"))


async def build_mandate(asking: Asking) -> str:
    answer = await asking.mandate("cluster", "cluster.build", await member_pass(asking))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["mandate"])


async def test_a_mandate_grants_its_kinds_permissions_on_one_project(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    caller = asking.read(asking.hop(mandate, "node", "cluster"), "node", "cluster")
    assert caller.subject == "usr_1" and caller.operation_id == "op_1"
    assert caller.chain == ("gateway", "cluster")
    assert caller.projects == {"prj_a": MANDATES["cluster.build"].grants} and not caller.platform


async def test_it_needs_the_permission_the_service_and_the_project(asking: Asking) -> None:
    viewer = await member_pass(asking, "viewer")
    assert (await asking.mandate("cluster", "cluster.build", viewer)).json()["code"] == "mandate-refused"
    member = await member_pass(asking)
    assert (await asking.mandate("cluster", "cluster.build", member, "prj_b")).status_code == 403
    assert (await asking.mandate("cluster", "runner.run", member)).status_code == 403
    assert (await asking.mandate("cluster", "no.such.kind", member)).status_code == 403
    assert (await asking.mandate("node", "cluster.build", member)).status_code == 403


async def test_only_its_holder_can_use_it(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    stolen = asking.hop(mandate, "secrets", "runner")
    answer = await asking.exchange("secrets", "authz", stolen)
    assert answer.status_code == 401
    assert (await asking.post("runner", "/internal/mandates/check", {"mandate": mandate})).status_code == 403


async def test_a_mandate_under_a_mandate_grants_no_more_and_keeps_the_operation(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    answer = await asking.mandate("runner", "runner.run", asking.hop(mandate, "runner", "cluster"))
    assert answer.status_code == 201, answer.text
    run = str(answer.json()["mandate"])
    caller = asking.read(asking.hop(run, "relay", "runner"), "relay", "runner")
    assert caller.operation_id == "op_1" and caller.chain == ("gateway", "cluster", "runner")
    granted = MANDATES["cluster.build"].grants & MANDATES["runner.run"].grants
    assert caller.projects == {"prj_a": granted}
    assert (await asking.standing("runner", run)) == {"valid": True, "reason": None}


async def test_a_pass_made_from_a_hop_is_never_more_than_the_mandate(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    hop = asking.hop(mandate, "runner", "cluster")
    at_relay = await asking.token("runner", "relay", hop)
    assert asking.read(at_relay, "relay", "runner").projects == {"prj_a": {"host.connect"}}
    at_secrets = asking.read(await asking.token("runner", "secrets", hop), "secrets", "runner")
    assert at_secrets.projects == {"prj_a": {"authority.sign", "authority.use"}}
    again = asking.read(await asking.token("relay", "authz", at_relay), "authz", "relay")
    assert again.projects == {} and again.platform == frozenset() and again.operation_id == "op_1"


async def test_it_stands_while_the_permission_is_held(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    assert (await asking.standing("cluster", mandate))["valid"]
    await asking.bind("usr_1", "viewer", "prj_a")
    lost = await asking.standing("cluster", mandate)
    assert not lost["valid"] and "cluster.create" in lost["reason"]
    await asking.bind("usr_1", "member", "prj_a")
    assert (await asking.standing("cluster", mandate))["valid"]


async def test_suspension_pauses_it_and_undo_goes_on(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    hop = asking.hop(mandate, "runner", "cluster")
    await asking.put("identity", "/internal/subjects/usr_1/suspension", {"reason": "unpaid"})
    paused = await asking.standing("cluster", mandate)
    assert not paused["valid"] and "suspended" in paused["reason"]
    assert (await asking.exchange("runner", "relay", hop)).status_code == 200
    await asking.delete("identity", "/internal/subjects/usr_1/suspension")
    assert (await asking.standing("cluster", mandate))["valid"]


async def test_suspension_ends_a_persons_own_connections(asking: Asking) -> None:
    answer = await asking.mandate("cluster", "cluster.connect", await member_pass(asking))
    mandate = str(answer.json()["mandate"])
    await asking.put("identity", "/internal/subjects/usr_1/suspension", {"reason": "unpaid"})
    hop = asking.hop(mandate, "relay", "cluster")
    assert (await asking.exchange("relay", "authz", hop)).status_code == 401


async def test_a_revoked_operation_ends_its_mandates(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    body = {"kind": "operation", "value": "op_1", "reason": "cluster deleted"}
    assert (await asking.post("cluster", "/internal/revocations", body)).status_code == 201
    assert not (await asking.standing("cluster", mandate))["valid"]
    assert (await asking.exchange("runner", "relay", asking.hop(mandate, "runner", "cluster"))).status_code == 401


async def test_a_suspended_person_gets_no_new_mandate(asking: Asking) -> None:
    token = await member_pass(asking)
    await asking.put("identity", "/internal/subjects/usr_1/suspension", {"reason": "unpaid"})
    assert (await asking.mandate("cluster", "cluster.build", token)).status_code == 401


async def test_a_reconciler_has_its_standing_mandate_and_no_other(asking: Asking) -> None:
    answer = await asking.post("cluster", "/internal/mandates/standing", {"name": "cluster.drift"})
    assert answer.status_code == 201, answer.text
    mandate = answer.json()["mandate"]
    caller = asking.read(asking.hop(mandate, "identity", "cluster"), "identity", "cluster")
    assert caller.subject == "svc:cluster" and caller.platform == STANDING["cluster.drift"].grants
    assert (await asking.standing("cluster", mandate))["valid"]
    for service, name in (("runner", "cluster.drift"), ("cluster", "nothing")):
        refused = await asking.post(service, "/internal/mandates/standing", {"name": name})
        assert refused.json()["code"] == "mandate-refused"


async def test_what_is_no_mandate_does_not_stand(asking: Asking) -> None:
    for token in ("nonsense", asking.session("usr_1"), await member_pass(asking)):
        assert not (await asking.standing("cluster", token))["valid"]


async def hand_on(asking: Asking, asker: str, token: str, holder: str = "runner") -> httpx.Response:
    body = {"kind": "runner.run", "operation_id": "op_1", "project_id": "prj_a", "subject_token": token}
    return await asking.post(asker, "/internal/mandates", {**body, "holder": holder})


async def test_a_holder_has_one_made_for_whom_it_will_call(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    answer = await hand_on(asking, "cluster", asking.hop(mandate, "runner", "cluster"))
    assert answer.status_code == 201, answer.text
    run = str(answer.json()["mandate"])
    caller = asking.read(asking.hop(run, "relay", "runner"), "relay", "runner")
    assert caller.operation_id == "op_1" and caller.chain == ("gateway", "cluster", "runner")
    assert caller.projects == {"prj_a": MANDATES["cluster.build"].grants & MANDATES["runner.run"].grants}
    stolen = asking.hop(run, "relay", "cluster")
    assert (await asking.exchange("relay", "authz", stolen)).status_code == 401


async def test_nobody_else_has_one_made_and_only_under_a_mandate(asking: Asking) -> None:
    mandate = await build_mandate(asking)
    hop = asking.hop(mandate, "runner", "cluster")
    assert (await hand_on(asking, "node", hop)).status_code == 403
    assert (await hand_on(asking, "secrets", hop)).status_code == 403
    assert (await hand_on(asking, "cluster", hop, holder="relay")).status_code in (401, 403)
    assert (await hand_on(asking, "cluster", asking.hop(mandate, "node", "cluster"))).status_code == 401
    member = await asking.token("gateway", "cluster", asking.session("usr_1"))
    assert (await hand_on(asking, "cluster", member)).status_code == 401
    at_runner = await asking.token("cluster", "runner", member)
    assert (await hand_on(asking, "cluster", at_runner)).status_code == 403
