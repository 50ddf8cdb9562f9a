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
