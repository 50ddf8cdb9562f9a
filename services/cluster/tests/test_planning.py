"""Plans: counts, names, batches, defaults, references, fit, hash, and every error at its place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.cluster.domain.outputs import outputs_of
from services.cluster.exceptions import InvalidParameters
from services.cluster.planning.fit import needs_of
from services.cluster.planning.parameters import resolve_parameters, substitute
from services.cluster.planning.plan import make_plan
from services.contracts.blueprint import BlueprintVersion, ElementUse, RoleNeeds
from services.contracts.cluster import Host, Plan
from services.contracts.node import Capacity, CapacityReport, HoldItem

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = {
    "type": "object",
    "properties": {
        "nodes": {"type": "integer", "minimum": 1, "default": 2},
        "name": {"type": "string"},
        "storage": {"type": "object", "properties": {"kind": {"type": "string", "default": "nfs"}}, "default": {}},
        "queues": {"type": "array", "items": {"type": "object", "properties": {"hours": {"default": 24}}}},
    },
}


def role(name: str, count: Any, *, most: int | None = None, least: int = 1, kind: str = "bm.general") -> RoleNeeds:
    return RoleNeeds(name=name, resource_class=kind, flavor=kind, count=count, min_count=least, max_count=most)


ROLES = [role("head", 1, most=1), role("compute", {"parameter": "nodes"}, most=100)]
MUNGE = ElementUse(
    element="munge",
    version="1.0.0",
    roles=["compute"],
    values={"size": {"parameter": "nodes"}, "list": [{"parameter": "storage"}], "fixed": 1},
)


def plan(given: dict[str, Any] | None = None, **changes: Any) -> Plan:
    blueprint = BlueprintVersion(
        id="bpv_1",
        name="test",
        version="1.0.0",
        summary="",
        icon=None,
        readme="",
        parameters=changes.pop("schema", SCHEMA),
        roles=changes.pop("roles", ROLES),
        elements=changes.pop("elements", [MUNGE]),
        templates={},
        outputs=[],
        checks=[],
        digest=changes.pop("digest", "d"),
        published_at=NOW,
    )
    free = changes.pop("free", 100)
    item = Capacity(cloud_id="alpha", resource_class="bm.general", total=free, free=free, unheld=free)
    usual: dict[str, Any] = {
        "plan_id": "pln_1",
        "project_id": "prj_1",
        "cloud_id": "alpha",
        "cluster_name": "c1",
        "batch_size": 32,
        "now": NOW,
    }
    capacity = CapacityReport(id="inv_1", taken_at=NOW, items=[item])
    return make_plan(blueprint=blueprint, given=given or {}, capacity=capacity, **{**usual, **changes})


def refused(given: dict[str, Any], **changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidParameters) as caught:
        plan(given, **changes)
    return {problem.pointer: problem.message for problem in caught.value.errors}


def test_counts_names_and_batches():
    made = plan({"nodes": 70})
    head, compute = made.roles
    assert (head.count, head.hosts, head.batches) == (1, ["c1-head"], [["c1-head"]])
    assert (compute.count, compute.hosts[0], compute.hosts[-1]) == (70, "c1-compute-1", "c1-compute-70")
    assert [len(batch) for batch in compute.batches] == [32, 32, 6]
    assert [host for batch in compute.batches for host in batch] == compute.hosts
    assert needs_of(made.roles) == [HoldItem("bm.general", 71)]


def test_defaults_are_filled_in_at_every_depth():
    resolved = resolve_parameters(SCHEMA, {"queues": [{}, {"hours": 1}]})
    assert resolved == {"nodes": 2, "storage": {"kind": "nfs"}, "queues": [{"hours": 24}, {"hours": 1}]}


def test_references_are_replaced_in_elements_and_hosts_follow_the_roles():
    (element,) = plan({"nodes": 3}).elements
    assert element.values == {"size": 3, "list": [{"kind": "nfs"}], "fixed": 1}
    assert element.hosts == ["c1-compute-1", "c1-compute-2", "c1-compute-3"]


def test_a_customers_value_is_never_taken_for_a_reference():
    value = {"a": {"parameter": "x"}}
    assert substitute(value, {"x": {"parameter": "y"}, "y": 1}) == {"a": {"parameter": "y"}}


def test_all_errors_of_parameters_come_at_once_with_their_places():
    found = refused({"nodes": "many", "name": 7, "unknown": 1, "storage": {"kind": 1}})
    assert set(found) >= {"/parameters/nodes", "/parameters/name", "/parameters/storage/kind"}
    assert any("unknown" in pointer + message for pointer, message in found.items())


@pytest.mark.parametrize("count", [101, 0])
def test_a_count_beyond_what_the_role_takes(count):
    roles = [role("compute", {"parameter": "size"}, most=100)]
    schema = {"type": "object", "properties": {"size": {"type": "integer"}}}
    assert "1 to 100 machines" in refused({"size": count}, schema=schema, roles=roles, elements=[])["/parameters/size"]


def test_a_truth_is_no_count():
    roles = [role("compute", {"parameter": "size"})]
    found = refused({"size": True}, schema={"type": "object", "properties": {"size": {}}}, roles=roles, elements=[])
    assert "not a whole number" in found["/parameters/size"]


def test_hosts_that_cannot_be_named():
    clash = [role("a", 2, most=2), role("a-1", 1, most=1)]
    assert "c1-a-1" in refused({}, roles=clash)["/name"]
    assert "longer than 63" in refused({}, cluster_name="c" * 40, roles=[role("r" * 30, 1)])["/name"]
    assert "no machine" in refused({}, roles=[role("a", 0, least=0)])["/parameters"]


def test_a_shortage_is_told_and_is_no_error():
    fit = plan({"nodes": 5}, free=3).fit
    assert not fit.fits and fit.shortages == ["6 machines of class bm.general are needed, 3 are free."]
    assert plan(cloud_id="beta").fit.shortages == ["3 machines of class bm.general are needed, 0 are free."]


def test_the_hash_is_of_what_is_decided_and_of_nothing_else():
    first = plan()
    same = plan({"nodes": 2}, plan_id="pln_2", now=NOW + timedelta(days=1), free=0)
    assert first.hash == same.hash and len(first.hash) == 64
    others = [
        plan({"nodes": 3}),
        plan({"name": "x"}),
        plan(cluster_name="c2"),
        plan(cloud_id="beta"),
        plan(project_id="prj_2"),
        plan(digest="e"),
        plan(batch_size=1),
    ]
    assert len({first.hash, *(other.hash for other in others)}) == len(others) + 1
    assert msgspec.convert(msgspec.to_builtins(first), Plan) == first


def test_outputs_say_how_to_connect():
    host = Host(
        id="hst_1", name="c1-head", role="head", state="ready", address="10.0.0.1", server_id="s", node_name="n"
    )
    declared = [
        {"name": "ssh", "kind": "ssh", "role": "head", "summary": "Log in."},
        {"name": "size", "kind": "parameter", "parameter": "nodes"},
    ]
    found = outputs_of(declared, [host], {"nodes": 2}, {})
    assert found["ssh"] == {"kind": "ssh", "summary": "Log in.", "hosts": [{"name": "c1-head", "address": "10.0.0.1"}]}
    assert found["size"]["value"] == 2
