"""Machines of the real OpenStack fail in mid-build: Cloudpoint names the node and says why, and the build goes on."""

import pytest

from cloudpoint import Client
from tests.live.faults.builds import BUILD_SECONDS, GIVEN_UP_SECONDS, TOLD_SECONDS, goes_on, phase_of, taken, told
from tests.live.lab import CLOUD, Lab, awaited

pytestmark = [pytest.mark.machines, pytest.mark.slow]
# Of what Ironic says of a dead BMC, so much stays the same from one try to the next.
_WORDS = 40


def test_a_node_set_to_maintenance_is_told_of_with_its_reason(
    lab: Lab, customer: Client, operator: Client, build: str
) -> None:
    node = awaited(lambda: taken(lab), bool, BUILD_SECONDS)[0]
    operator.nodes.begin_maintenance(node, "a disk is to be swapped")
    awaited(
        lambda: told(customer, build),
        lambda said: node in said and "a disk is to be swapped" in said,
        TOLD_SECONDS,
    )
    operator.nodes.end_maintenance(node)
    goes_on(customer, build)


def test_a_bmc_that_dies_in_mid_deploy_is_told_of_with_its_node_and_last_error(
    lab: Lab, customer: Client, build: str
) -> None:
    node = awaited(lambda: taken(lab), bool, BUILD_SECONDS)[0]
    machine = node.removeprefix(f"{CLOUD}-")
    lab.rack("break", machine, "bmc-dead")
    try:
        system = lab.connect("system").baremetal
        words = awaited(lambda: system.get_node(node).last_error, bool, GIVEN_UP_SECONDS)[:_WORDS]
        awaited(lambda: told(customer, build), lambda said: node in said and words in said, TOLD_SECONDS)
    finally:
        lab.rack("mend", machine, "all")
    goes_on(customer, build)


def test_one_resume_makes_the_machines_of_bmcs_that_all_were_dead_for_a_while(
    lab: Lab, customer: Client, build: str
) -> None:
    """No other machine is free: Nova keeps those that failed until their servers are given back."""
    machines = [node.name.removeprefix(f"{CLOUD}-") for node in lab.connect("system").baremetal.nodes()]
    for machine in machines:
        lab.rack("break", machine, "bmc-dead")
    try:
        awaited(lambda: customer.operations.show(build).state, lambda state: state == "parked", 2 * GIVEN_UP_SECONDS)
    finally:
        for machine in machines:
            lab.rack("mend", machine, "all")
    customer.operations.resume(build)
    awaited(lambda: phase_of(customer, build), lambda phase: phase not in (None, "create_machines"), GIVEN_UP_SECONDS)
