"""Services of the real OpenStack end in mid-build: Cloudpoint says what it can see, and goes on when they are back."""

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from services.cluster.domain.placement import PATIENCE_SECONDS
from tests.live.faults.builds import BUILD_SECONDS, GONE_SECONDS, TOLD_SECONDS, goes_on, told
from tests.live.lab import Lab, awaited

pytestmark = [pytest.mark.machines, pytest.mark.slow]


@pytest.mark.parametrize("part", ["heat-engine", "rabbitmq"])
def test_a_part_that_is_started_again_holds_up_no_build(lab: Lab, customer: Client, build: str, part: str) -> None:
    lab.openstack("restart" if part == "rabbitmq" else "kill", part)
    goes_on(customer, build)


def test_servers_that_nobody_places_are_told_of(lab: Lab, customer: Client, accepted: types.Accepted) -> None:
    lab.openstack("stop", "nova-compute")
    try:
        nova = lab.connect("admin").compute
        awaited(lambda: list(nova.servers(all_projects=True)), bool, BUILD_SECONDS)
        awaited(
            lambda: told(customer, accepted.operation_id),
            lambda said: "had no machine" in said,
            PATIENCE_SECONDS + TOLD_SECONDS,
        )
    finally:
        lab.openstack("start", "nova-compute")
    goes_on(customer, accepted.operation_id)


def test_an_engine_of_heat_that_dies_in_a_removal_is_told_of_and_the_removal_goes_on(
    lab: Lab, customer: Client, accepted: types.Accepted
) -> None:
    goes_on(customer, accepted.operation_id)
    customer.operations.cancel(accepted.operation_id)
    said: set[str] = set()

    def state() -> str:
        said.add(told(customer, accepted.operation_id))
        return customer.clusters.show(accepted.cluster_id).state

    awaited(state, lambda _: any("takes the machines back" in words for words in said), BUILD_SECONDS)
    lab.openstack("kill", "heat-engine")
    awaited(state, lambda found: found == "deleted", GONE_SECONDS)
    assert any("stood still" in words for words in said), said
