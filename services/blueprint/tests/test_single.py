"""One HOT that others wrote becomes a blueprint, or is refused with every reason at once."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.rack.config_drive_reader.user_data import parse
from lab.simcloud.heat.template import parse_template
from lab.simcloud.heat.transforms import list_join
from services.blueprint.domain.publication import check_single
from services.blueprint.domain.single import folder_around
from services.blueprint.domain.single.user_data import beside
from services.blueprint.domain.upload import UploadRefused
from services.blueprint.tests import hot, hot_written
from services.blueprint.tests.shop import Shop
from services.contracts.blueprint import BlueprintVersion

_ROOT = Path(__file__).parents[3]
_SCHEMA = json.loads((_ROOT / "blueprints/blueprint.schema.json").read_text())
_SINGLE = Path(__file__).with_name("single.yaml").read_text()
_SMALL = """\
heat_template_version: 2021-04-16
parameters: {PARAMETERS}
resources:
  web:
    type: OS::Nova::Server
    properties: {flavor: bm.general}
"""
_settings = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_networks = st.sampled_from(
    [[{"network": {"get_param": "text"}}], [{"port": {"get_resource": "other"}}], [{"network": "inside"}], []]
)
_servers = st.fixed_dictionaries(
    {},
    optional={
        "networks": _networks | hot.values,
        "user_data": hot_written.texts() | hot.values,
        "metadata": hot_written.maps() | hot.values,
        "image": st.sampled_from(["fedora", {"get_param": "text"}, {"get_param": ["object", "image"]}]) | hot.values,
    },
)
_counts = st.integers(0, 3) | st.sampled_from([{"get_param": "list"}, {"get_param": "text"}]) | hot.values


def refused(text: str) -> list[str]:
    """Return why a template is refused, each reason with its place in the file that was sent."""
    with pytest.raises(UploadRefused) as caught:
        folder_around({"mine.yaml": text.encode()}, None, None)
    assert all(item.file == "mine.yaml" and (item.line or 0) >= 1 for item in caught.value.findings)
    return [item.message for item in caught.value.findings]


def taken(text: str) -> BlueprintVersion:
    checked = check_single({"my.yaml": text.encode()}, _SCHEMA, {}, None, None)
    assert checked.blueprint is not None, checked.findings
    return checked.blueprint


def test_its_parameters_are_asked_in_the_order_of_its_groups() -> None:
    found = taken(_SINGLE)
    asked: dict[str, dict[str, Any]] = found.parameters["properties"]
    assert (found.name, found.version, found.elements) == ("my", "1.0.0", [])
    assert found.summary == "A web server and its workers, as somebody wrote them for a cloud of their own."
    assert list(asked) == ["nodecount", "disk", "zones", "tuning", "verbose", "motto"]
    assert found.parameters["required"] == ["motto"]
    told = {name: {key: value for key, value in one.items() if key != "x-on-change"} for name, one in asked.items()}
    assert told["nodecount"] == {
        "title": "Workers",
        "description": "The template's parameter NodeCount. Up to eight.",
        "type": "integer",
        "minimum": 1,
        "maximum": 8,
        "default": 2,
    }
    assert (told["disk"]["default"], told["disk"]["multipleOf"], told["disk"]["minimum"]) == (10, 5, 1)
    assert told["zones"]["items"] == {"type": "string", "enum": ["a", "b", "c"]}
    assert (told["zones"]["default"], told["zones"]["maxItems"]) == (["a", "b"], 3)
    assert (told["tuning"]["default"], told["verbose"]["default"]) == ({"a": 1}, True)
    assert (told["motto"]["pattern"], told["motto"]["maxLength"]) == ("^(?:[ A-Za-z]*)$", 40)


def test_its_servers_are_the_machines_by_role() -> None:
    found = taken(_SINGLE)
    roles = {one.name: one for one in found.roles}
    assert list(roles) == ["web-server", "workers"]
    assert (roles["web-server"].count, roles["web-server"].max_count) == (1, 1)
    workers = roles["workers"]
    assert (workers.count, workers.min_count, workers.max_count) == ({"parameter": "nodecount"}, 1, 8)
    assert {one.flavor for one in roles.values()} == {one.resource_class for one in roles.values()} == {"bm.general"}
    assert [(one["name"], one["kind"]) for one in found.outputs] == [
        ("ssh", "ssh"),
        ("url", "template"),
        ("servers", "template"),
        ("first-worker", "template"),
        ("image", "template"),
    ]


def test_its_template_is_one_that_the_platform_runs() -> None:
    found = taken(_SINGLE)
    whole = yaml.safe_load(found.templates["whole"])
    parse_template(found.templates["whole"])
    parse_template(found.template_files["workers-machine.yaml"])
    web = whole["resources"]["Web_Server"]["properties"]
    assert web["name"] == {"get_param": ["hosts", "web-server", 0]} and web["flavor"] == "bm.general"
    assert web["image"] == {"get_param": "image"} and web["config_drive"] is True
    assert whole["outputs"]["image"] == {"value": {"get_param": "image"}}
    assert web["metadata"]["map_merge"][1] == {"get_param": "metadata"}
    assert {"get_param": "user_data"} in web["user_data"]["list_join"][1]
    assert whole["resources"]["port"]["properties"]["network_id"] == {"get_param": "network"}
    assert whole["resources"]["workers"]["properties"]["count"] == {"get_param": ["nodecount"]}
    assert {"servers", "own_servers", "url", "first_worker", "image"} == set(whole["outputs"])
    assert set(found.template_parameters) == set(found.parameters["properties"])
    assert "image_id" in found.readme and "private_net" in found.readme


def test_the_same_template_makes_the_same_folder() -> None:
    assert taken(_SINGLE).digest == taken(_SINGLE).digest


WRONG = {
    "makes no machine": _SMALL.replace("OS::Nova::Server", "OS::Heat::Value").replace("flavor", "value"),
    "which flavor web has": _SMALL.replace("bm.general", "{get_param: f}").replace(
        "{PARAMETERS}", "{f: {type: string}}"
    ),
    "whether web is made": _SMALL + "    condition: true\n",
    "user_data_format of web": _SMALL.replace("{flavor:", "{user_data_format: SOFTWARE_CONFIG, flavor:"),
    "which networks web has": _SMALL.replace("{flavor:", "{networks: {get_param: nets}, flavor:").replace(
        "{PARAMETERS}", "{nets: {type: json}}"
    ),
    "can't reach web": _SMALL.replace("{flavor:", "{networks: [{network: {get_resource: net}}], flavor:")
    + "  net: {type: 'OS::Neutron::Net'}\n",
    "is hidden, and plans show": _SMALL.replace("{PARAMETERS}", "{secret: {type: string, hidden: true}}"),
    "The pattern of word is not taken": _SMALL.replace(
        "{PARAMETERS}", "{word: {type: string, constraints: [{allowed_pattern: '(?=a)'}]}}"
    ),
    "The default of number is no value": _SMALL.replace("{PARAMETERS}", "{number: {type: number, default: many}}"),
    "The default of json is no value": _SMALL.replace("{PARAMETERS}", "{json: {type: json, default: '{'}}"),
    "has a name that the platform gives": _SMALL.replace("{PARAMETERS}", "{hosts: {type: string}}"),
    "would have the name of another one": _SMALL.replace("{PARAMETERS}", "{a_b: {type: string}, A-b: {type: string}}"),
    "how many machines many makes": _SMALL + "  many: {type: 'OS::Heat::ResourceGroup', properties: {count: {get_attr: "
    "[web, name]}, resource_def: {type: 'OS::Nova::Server', properties: {flavor: x}}}}\n",
    "groups within groups": _SMALL + "  many: {type: 'OS::Heat::ResourceGroup', properties: {resource_def: {type: "
    "'OS::Heat::ResourceGroup', properties: {resource_def: {type: 'OS::Nova::Server', properties: {flavor: x}}}}}}\n",
    "each is a role": _SMALL
    + "".join(f"  m{n}: {{type: 'OS::Nova::Server', properties: {{flavor: x}}}}\n" for n in range(40)),
    "more than 31 outputs": _SMALL + "outputs: {" + ", ".join(f"o{n}: {{value: 1}}" for n in range(32)) + "}\n",
    "OS::Heat::SoftwareConfig is not allowed": _SMALL + "  config: {type: 'OS::Heat::SoftwareConfig'}\n",
    "It is no HOT template, and no blueprint": "a: b\n",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_the_platform_could_not_run_is_refused(words: str) -> None:
    text = WRONG[words].replace("{PARAMETERS}", "{}")
    assert any(words in message for message in refused(text)), refused(text)


def test_all_reasons_are_told_at_once() -> None:
    text = _SINGLE.replace("default: bm.general", "description: How large").replace("  count:", "  counter:")
    text += "  more: {value: {get_file: x}}\n"
    text = text.replace("  verbose: {type: boolean", "  verbose: {type: boolean, hidden: true")
    found = refused(text)
    for words in ("get_file is not allowed", "which flavor Web_Server has", "verbose is hidden"):
        assert any(words in message for message in found), found


def test_a_floating_ip_is_the_address_of_a_machine_on_its_own_network() -> None:
    text = _SMALL.replace("{PARAMETERS}", "{}").replace(
        "{flavor:", "{networks: [{port: {get_resource: port}}], flavor:"
    )
    text += "  net: {type: 'OS::Neutron::Net'}\n"
    text += "  port: {type: 'OS::Neutron::Port', properties: {network: {get_resource: net}}}\n"
    assert any("can't reach web" in message for message in refused(text))
    given = "{floating_network: public, port_id: {get_resource: port}}"
    text += f"  ip: {{type: 'OS::Neutron::FloatingIP', properties: {given}}}\n"
    (server,) = yaml.safe_load(taken(text).templates["whole"])["outputs"]["servers"]["value"]
    assert server["address"] == {"get_attr": ["ip", "floating_ip_address"]}


@_settings
@given(hot.templates | hot_written.well_written.flatmap(hot_written.damaged), _servers, _counts)
def test_any_template_becomes_a_blueprint_or_is_refused(template: Any, server: dict[str, Any], count: Any) -> None:
    if isinstance(template, dict) and isinstance(template.get("resources"), dict):
        one = {"type": "OS::Nova::Server", "properties": {"flavor": "bm.general", **server}}
        several = {"type": "OS::Heat::ResourceGroup", "properties": {"count": count, "resource_def": one}}
        template = {**template, "resources": {**template["resources"], "server": one, "several": several}}
    try:
        checked = check_single({"my.yaml": hot.text_of(template).encode()}, _SCHEMA, {}, None, None)
    except UploadRefused as error:
        assert error.findings and all(item.message and item.file == "my.yaml" for item in error.findings)
        return
    assert (checked.blueprint is None) == bool(checked.findings)
    if checked.blueprint:
        parse_template(checked.blueprint.templates["whole"])


@pytest.mark.asyncio(loop_scope="session")
async def test_a_single_template_is_published_by_name_and_version(shop: Shop) -> None:
    project, client = shop.projects["a"], shop.service.client
    body: dict[str, Any] = {"project": project, "files": {"single.yaml": _SINGLE}}
    made = await client.post("/v1/blueprints", json=body, headers=shop.headers("a"))
    assert made.status_code == 201, made.text
    assert (made.json()["name"], made.json()["version"]) == ("single", "1.0.0")
    changed = {**body, "files": {"single.yaml": _SINGLE.replace("default: 2", "default: 3")}}
    again = await client.post("/v1/blueprints", json=changed, headers={**shop.headers("a"), "Idempotency-Key": "k2"})
    assert again.status_code == 409 and again.json()["code"] == "version-exists"
    named = {**changed, "name": "named", "version": "2.1.0"}
    third = await client.post("/v1/blueprints", json=named, headers={**shop.headers("a"), "Idempotency-Key": "k3"})
    assert (third.json()["name"], third.json()["version"]) == ("named", "2.1.0")
    wrong = {**body, "files": {"single.yaml": _SINGLE.replace("OS::Nova::Server", "OS::Magnum::Cluster")}}
    refused = await client.post("/v1/blueprints", json=wrong, headers={**shop.headers("a"), "Idempotency-Key": "k4"})
    assert refused.status_code == 422
    told = {error["pointer"]: error["message"] for error in refused.json()["errors"]}
    assert set(told) == {"/files/single.yaml"}


def test_own_user_data_and_the_platforms_reach_the_machine_both() -> None:
    theirs = "#cloud-config\nwrite_files: [{path: /etc/a, content: a}]\n"
    ours = "#cloud-config\nwrite_files: [{path: /etc/b, content: b}]\n"
    delimiter, lines = beside(theirs)["list_join"]
    sent = list_join([delimiter, [ours if line == {"get_param": "user_data"} else line for line in lines]])
    assert [file["path"] for file in parse(sent.encode())["write_files"]] == ["/etc/a", "/etc/b"]
    assert beside(None) == beside("") == {"get_param": "user_data"}
