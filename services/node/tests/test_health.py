"""What is wrong with a node, in a sentence."""

import pytest

from services.node.domain.health import health_of
from services.node.tests.machines import machine


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, None),
        ({"state": "active", "power": "power on"}, None),
        ({"state": "deploying"}, None),
        ({"state": "active"}, "Node bm-0001 is power off."),
        ({"state": "active", "power": None}, "Node bm-0001 is in an unknown power state."),
        ({"maintenance": True, "maintenance_reason": "bad fan"}, "Node bm-0001 is in maintenance (bad fan)."),
        (
            {"state": "deploy failed", "last_error": "BMC is silent"},
            "Node bm-0001 is in the state “deploy failed”: BMC is silent.",
        ),
        ({"last_error": "no power"}, "Node bm-0001: no power."),
    ],
)
def test_a_nodes_complaint(fields, sentence):
    assert health_of("srv", machine(1, **fields)).reason == sentence


def test_a_server_that_is_on_no_node_yet_is_not_wrong_and_one_that_was_is():
    assert health_of("srv", None).reason is None
    assert "gone" in (health_of("srv", None, was_placed=True).reason or "")


def test_a_server_that_lost_its_machine_is_told_what_that_machine_says():
    failed = machine(1, state="deploy failed", last_error="BMC is silent")
    told = health_of("srv", None, was_placed=True, was_on=failed)
    assert told.node_id is None and told.node_name == "bm-0001" and told.last_error == "BMC is silent"
    assert "gone" in told.reason and "“deploy failed”: BMC is silent" in told.reason


def test_a_former_machine_that_is_well_or_somebody_elses_is_not_blamed():
    for other in (machine(1), machine(1, instance_id="other", last_error="theirs"), None):
        told = health_of("srv", None, was_placed=True, was_on=other)
        assert told.node_name is None and told.last_error is None and "gone" in told.reason
