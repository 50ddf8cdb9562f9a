"""Templates: functions, conditions, parameters, and Heat's words for what is wrong."""

from typing import Any

import pytest
from heatclient import exc

from lab.simcloud.tests.running import wait_stack
from lab.simcloud.tests.test_heat_stacks import create, outputs, remove

HOT: dict[str, Any] = {"heat_template_version": "2021-04-16"}
NOTHING: dict[str, Any] = {"resources": {"nothing": {"type": "OS::Heat::None"}}}
PORT: dict[str, Any] = {"type": "OS::Neutron::Port", "properties": {"network": "provision"}}


def values_of(heat: Any, wanted: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """What a stack's outputs give for some expressions."""
    template = HOT | fields | NOTHING | {"outputs": {name: {"value": value} for name, value in wanted.items()}}
    stack_id = create(heat, template)
    found = outputs(wait_stack(heat, stack_id, "CREATE_COMPLETE"))
    remove(heat, stack_id)
    return found


def test_functions(heat: Any) -> None:
    parameters = {
        "names": {"type": "comma_delimited_list", "default": "a,b"},
        "tree": {"type": "json", "default": {"x": [{"y": 7}]}},
        "flag": {"type": "boolean", "default": "yes"},
        "many": {"type": "number", "default": "3"},
    }
    cases: dict[str, tuple[Any, Any]] = {
        "param_path": ({"get_param": ["tree", "x", 0, "y"]}, 7),
        "numbers": ({"get_param": "many"}, 3),
        "flags": ({"get_param": "flag"}, True),
        "region": ({"get_param": "OS::region"}, "gamma"),
        "join": ({"list_join": ["-", {"get_param": "names"}, ["c"]]}, "a-b-c"),
        "split": ({"str_split": [",", "x,y"]}, ["x", "y"]),
        "split_one": ({"str_split": [",", "x,y", 1]}, "y"),
        "replace": ({"str_replace": {"template": "$a $ab", "params": {"$a": "1", "$ab": "$a"}}}, "1 $a"),
        "repeat": (
            {"repeat": {"for_each": {"<%n%>": {"get_param": "names"}}, "template": {"name": "host-<%n%>"}}},
            [{"name": "host-a"}, {"name": "host-b"}],
        ),
        "map": ({"map_merge": [{"a": 1, "b": 1}, {"b": 2}, None]}, {"a": 1, "b": 2}),
        "renamed": ({"map_replace": [{"a": "x"}, {"keys": {"a": "b"}, "values": {"x": "y"}}]}, {"b": "y"}),
        "concat": ({"list_concat": [["a"], ["b", "a"]]}, ["a", "b", "a"]),
        "unique": ({"list_concat_unique": [["a"], ["b", "a"]]}, ["a", "b"]),
        "filter": ({"filter": [["a"], ["a", "b"]]}, ["b"]),
        "contains": ({"contains": ["a", {"get_param": "names"}]}, True),
        "digest": ({"digest": ["md5", "x"]}, "9dd4e461268c8034f5c8564e155c67a6"),
        "url": (
            {"make_url": {"scheme": "http", "host": "h", "port": 80, "path": "/p", "query": {"a": "b"}}},
            "http://h:80/p?a=b",
        ),
        "chosen": ({"if": ["big", "yes", "no"]}, "yes"),
        "left_out": ([{"if": [{"not": "big"}, "x"]}, "y"], ["y"]),
        "nested": ({"if": [{"and": ["big", {"equals": [{"get_param": "flag"}, True]}]}, 1, 2]}, 1),
    }
    conditions = {"big": {"equals": [{"get_param": "many"}, 3]}}
    found = values_of(
        heat, {name: case[0] for name, case in cases.items()}, parameters=parameters, conditions=conditions
    )
    assert found == {name: case[1] for name, case in cases.items()}


def test_a_false_condition_leaves_a_resource_out(heat: Any) -> None:
    template = HOT | {
        "parameters": {"with_port": {"type": "boolean", "default": False}},
        "conditions": {"wanted": {"equals": [{"get_param": "with_port"}, True]}},
        "resources": {"port": PORT | {"condition": "wanted"}, "nothing": {"type": "OS::Heat::None"}},
        "outputs": {"port": {"value": {"get_resource": "port"}, "condition": "wanted"}},
    }
    stack_id = create(heat, template)
    stack = wait_stack(heat, stack_id, "CREATE_COMPLETE")
    assert [resource.resource_name for resource in heat.resources.list(stack_id)] == ["nothing"]
    assert stack.outputs == []
    remove(heat, stack_id)


def test_network_subnet_group_and_order(heat: Any) -> None:
    template = HOT | {
        "resources": {
            "net": {"type": "OS::Neutron::Net", "properties": {"name": "fabric"}},
            "subnet": {
                "type": "OS::Neutron::Subnet",
                "properties": {"network": {"get_resource": "net"}, "cidr": "192.0.2.0/28", "gateway_ip": ""},
            },
            "group": {
                "type": "OS::Neutron::SecurityGroup",
                "properties": {"rules": [{"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}]},
            },
            "port": {
                "type": "OS::Neutron::Port",
                "depends_on": "subnet",
                "properties": {
                    "network": {"get_resource": "net"},
                    "fixed_ips": [{"subnet": {"get_resource": "subnet"}, "ip_address": "192.0.2.9"}],
                    "security_groups": [{"get_resource": "group"}],
                },
            },
            "word": {"type": "OS::Heat::RandomString", "properties": {"length": 8, "sequence": "digits"}},
        },
        "outputs": {
            "cidr": {"value": {"get_attr": ["subnet", "cidr"]}},
            "address": {"value": {"get_attr": ["port", "fixed_ips", 0, "ip_address"]}},
            "word": {"value": {"get_attr": ["word", "value"]}},
        },
    }
    stack_id = create(heat, template)
    found = outputs(wait_stack(heat, stack_id, "CREATE_COMPLETE"))
    assert found["cidr"] == "192.0.2.0/28"
    assert found["address"] == "192.0.2.9"
    assert len(found["word"]) == 8
    assert found["word"].isdigit()
    remove(heat, stack_id)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ({"resources": {}}, "Template version was not provided"),
        ({"heat_template_version": "2050-01-01"}, "should be one of: 2013-05-23"),
        (HOT | {"resourcess": {}}, "The template section is invalid: resourcess"),
        (
            HOT | {"resources": {"x": {"type": "OS::Magic::Wand"}}},
            r"The Resource Type \(OS::Magic::Wand\) could not be found",
        ),
        (HOT | {"resources": {"x": {"properties": {}}}}, "Resource x is missing a type"),
        (HOT | {"resources": {"x": {"type": "OS::Heat::None", "colour": 1}}}, '"colour" is not a valid keyword'),
        (HOT | {"resources": {"x": PORT | {"properties": {"nework": "a"}}}}, "Unknown Property nework"),
        (HOT | {"resources": {"x": {"type": "OS::Nova::Server"}}}, "Property flavor not assigned"),
        (
            HOT | {"resources": {"x": PORT | {"properties": {"network": "none"}}}},
            "Unable to find network with name or id 'none'",
        ),
        (
            HOT | {"resources": {"x": {"type": "OS::Nova::Server", "properties": {"flavor": "big"}}}},
            "No Flavor matching {'name': 'big'}",
        ),
        (HOT | NOTHING | {"outputs": {"o": {"value": {"get_resource": "gone"}}}}, 'reference "gone"'),
        (
            HOT | NOTHING | {"outputs": {"o": {"value": {"get_param": "gone"}}}},
            r"The Parameter \(gone\) was not provided",
        ),
        (
            HOT | {"resources": {"x": PORT}, "outputs": {"o": {"value": {"get_attr": ["x", "colour"]}}}},
            "Referenced Attribute",
        ),
        (
            HOT | {"resources": {"a": PORT | {"depends_on": "b"}, "b": PORT | {"depends_on": "a"}}},
            "Circular Dependency Found",
        ),
        (HOT | NOTHING | {"outputs": {"o": {"value": {"yaql": {}}}}}, "not supported by this emulation"),
        (HOT | {"parameters": {"p": {"type": "colour"}}}, r"Invalid type \(colour\)"),
        (HOT | {"resources": {"x": {"type": "lost.yaml"}}}, "lost.yaml"),
    ],
)
def test_what_is_wrong_with_a_template_is_said_as_heat_says_it(heat: Any, template: dict[str, Any], words: str) -> None:
    with pytest.raises(exc.HTTPBadRequest, match=words):
        create(heat, template)
    assert all(stack.stack_status != "CREATE_IN_PROGRESS" for stack in heat.stacks.list())


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"type": "number"}, "abc", "Parameter 'p' is invalid: could not convert string to float: 'abc'"),
        ({"type": "number", "constraints": [{"range": {"max": 3}}]}, 4, r"4 is out of range \(min: None, max: 3\)"),
        ({"type": "string", "constraints": [{"length": {"min": 3}}]}, "ab", r"length \(2\) is out of range"),
        (
            {"type": "string", "constraints": [{"allowed_pattern": "[a-z]+"}]},
            "A",
            'does not match pattern "\\[a-z\\]\\+"',
        ),
        ({"type": "string", "constraints": [{"allowed_values": ["a"], "description": "only a"}]}, "b", "only a"),
        ({"type": "string", "constraints": [{"custom_constraint": "glance.image"}]}, "win", "No images matching"),
        ({"type": "boolean"}, "perhaps", "Unrecognized value 'perhaps'"),
        ({"type": "json"}, "{", "Value must be valid JSON"),
        ({"type": "string"}, None, r"The Parameter \(p\) was not provided"),
    ],
)
def test_parameters_are_checked(heat: Any, schema: dict[str, Any], value: Any, words: str) -> None:
    given = {} if value is None else {"p": value}
    with pytest.raises(exc.HTTPBadRequest, match=words):
        create(heat, HOT | NOTHING | {"parameters": {"p": schema}}, parameters=given)
    with pytest.raises(exc.HTTPBadRequest, match=r"The Parameter \(q\) was not defined in template"):
        create(heat, HOT | NOTHING | {"parameters": {"p": {"type": "string", "default": ""}}}, parameters={"q": 1})


def test_hidden_parameters_are_masked_and_validate_shows_schemas(heat: Any) -> None:
    parameters = {
        "secret": {"type": "string", "hidden": True, "label": "Secret"},
        "n": {"type": "number", "default": 2},
    }
    template = HOT | NOTHING | {"parameters": parameters, "description": "about"}
    shown = heat.stacks.validate(template=template)
    assert shown["Description"] == "about"
    assert shown["Parameters"]["secret"]["NoEcho"] == "true"
    assert shown["Parameters"]["n"]["Default"] == 2
    stack_id = create(heat, template, parameters={"secret": "x", "n": 4})
    stack = wait_stack(heat, stack_id, "CREATE_COMPLETE")
    assert (stack.parameters["secret"], stack.parameters["n"]) == ("******", "4")
    remove(heat, stack_id)


def test_yaml_text_with_an_unquoted_version_and_an_environment(heat: Any) -> None:
    text = """
heat_template_version: 2021-04-16
parameters: {word: {type: string}}
resources: {thing: {type: Our::Own::Thing, properties: {word: {get_param: word}}}}
outputs: {word: {value: {get_attr: [thing, said]}}}
"""
    inner = """
heat_template_version: rocky
parameters: {word: {type: string}}
resources: {value: {type: OS::Heat::Value, properties: {value: {get_param: word}}}}
outputs: {said: {value: {get_attr: [value, value]}}}
"""
    environment = "parameters: {word: hello}\nresource_registry: {'Our::Own::Thing': thing.yaml}\n"
    stack_id = create(heat, text, files={"thing.yaml": inner}, environment=environment)
    assert outputs(wait_stack(heat, stack_id, "CREATE_COMPLETE")) == {"word": "hello"}
    assert heat.stacks.template(stack_id)["heat_template_version"] == "2021-04-16"
    remove(heat, stack_id)
