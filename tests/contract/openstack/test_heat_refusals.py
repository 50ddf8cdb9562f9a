"""What Heat refuses, and in which words: a person reads them."""

from typing import Any

import pytest

from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.groups import SMALL, Heat, order, small
from tests.contract.openstack.stage import NAME, Stage
from tests.contract.openstack.witness import Witness

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def heat(member: Api, stage: Stage, cloud: Cloud) -> Heat:
    return Heat(member, cloud)


def with_resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A template of one resource ``one``."""
    return {
        "heat_template_version": "2021-04-16",
        "resources": {"one": {"type": kind, "properties": properties}},
    }


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("no-name", {"stack_name": ""}),
        ("bad-name", {"stack_name": "1 is no name"}),
        ("no-template", {"template": None}),
        ("no-version", {"template": {"resources": {}}}),
        ("unknown-version", {"template": SMALL | {"heat_template_version": "1999-01-01"}}),
        ("unknown-section", {"template": SMALL | {"recources": {}}}),
        ("not-a-mapping", {"template": "just words"}),
        ("bad-yaml", {"template": "a: [1"}),
        ("unknown-parameter", {"parameters": {"nobody": "x"}}),
        ("missing-parameter", {"template": SMALL | {"parameters": {"words": {"type": "string"}}}}),
        ("unknown-type", {"template": with_resource("OS::No::Thing")}),
        ("unknown-property", {"template": with_resource("OS::Heat::Value", valeu="x")}),
        ("missing-property", {"template": with_resource("OS::Nova::Server", image="bm-image")}),
        ("no-such-flavor", {"template": with_resource("OS::Nova::Server", flavor="nothing", networks="none")}),
        ("no-such-network", {"template": with_resource("OS::Neutron::Port", network="nothing")}),
        ("no-such-reference", {"template": with_resource("OS::Heat::Value", value={"get_resource": "nobody"})}),
        ("no-such-parameter", {"template": with_resource("OS::Heat::Value", value={"get_param": "nobody"})}),
        ("bad-timeout", {"timeout_mins": "soon"}),
    ],
)
def test_an_order_that_makes_no_sense(heat: Heat, witness: Witness, case: str, change: dict[str, Any]) -> None:
    answer = heat.ask("POST", "/stacks", small(f"{NAME}-refused") | change)
    assert answer.status == 400
    witness.see(f"heat-refusals/{case}", answer)


@pytest.mark.parametrize(
    ("case", "parameters"),
    [
        ("count-is-no-number", {"count": "many"}),
        ("count-too-large", {"count": 33}),
    ],
)
def test_a_batch_that_makes_no_sense(
    heat: Heat, cloud: Cloud, witness: Witness, case: str, parameters: dict[str, Any]
) -> None:
    answer = heat.ask("POST", "/stacks", order(cloud, f"{NAME}-refused", ["h-1", "h-2"], **parameters))
    assert answer.status == 400
    witness.see(f"heat-refusals/{case}", answer)
    assert heat.ask("GET", f"/stacks?name={NAME}-refused").of(200) == {"stacks": []}


@pytest.mark.parametrize("property_name", ["image", "flavor", "network"])
def test_a_batch_with_an_unknown_thing_is_accepted_and_fails(
    heat: Heat, cloud: Cloud, witness: Witness, property_name: str
) -> None:
    """Heat looks at values inside nested stacks only when it makes them."""
    path = heat.create(order(cloud, f"{NAME}-no-{property_name}", ["h-1"], **{property_name: "nothing"}))
    assert heat.reach(path, "CREATE_FAILED", "CREATE_COMPLETE")[-1] == "CREATE_FAILED"
    reason = heat.show(path)["stack_status_reason"]
    witness.hold_body(f"heat-refusals/unknown-{property_name}", {"stack_status_reason": reason})
    heat.remove(path)


def test_a_template_is_validated_without_being_made(heat: Heat, cloud: Cloud, witness: Witness) -> None:
    body = order(cloud, f"{NAME}-valid", ["h-1"])
    whole = {"template": body["template"], "files": body["files"]}
    witness.see("heat-refusals/validated", heat.ask("POST", "/validate", whole))
    wrong = {"template": with_resource("OS::No::Thing")}
    witness.see("heat-refusals/validated-wrong", heat.ask("POST", "/validate", wrong))


def test_a_preview_shows_what_would_be_made(heat: Heat, cloud: Cloud, witness: Witness) -> None:
    body = order(cloud, f"{NAME}-preview", ["h-1"])
    free = ["parameters", "attributes", "template", "environment"]
    witness.see("heat-refusals/preview", heat.ask("POST", "/stacks/preview", body), free=free)
    assert heat.ask("GET", f"/stacks?name={NAME}-preview").of(200) == {"stacks": []}


def test_what_is_not_there(heat: Heat, witness: Witness) -> None:
    for case, method, path in (
        ("by-name", "GET", "/stacks/nobody"),
        ("by-both", "GET", f"/stacks/nobody/{NOWHERE}"),
        ("delete", "DELETE", f"/stacks/nobody/{NOWHERE}"),
        ("resources", "GET", f"/stacks/nobody/{NOWHERE}/resources"),
        ("events", "GET", f"/stacks/nobody/{NOWHERE}/events"),
    ):
        witness.see(f"heat-refusals/missing-{case}", heat.ask(method, path))


def test_another_projects_path_is_forbidden(heat: Heat, admin: Api, cloud: Cloud, witness: Witness) -> None:
    endpoint = heat.api.session.get_endpoint(service_type="orchestration", interface="public", region_name=cloud.region)
    root = endpoint.rpartition("/")[0]
    answer = heat.api.session.get(f"{root}/{admin.project_id}/stacks", raise_exc=False)
    assert answer.status_code == 403
