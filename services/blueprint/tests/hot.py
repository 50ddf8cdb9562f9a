"""HOT as others write it: an example of each allowed resource type and intrinsic function, and any HOT at all."""

from typing import Any

import yaml
from hypothesis import strategies as st

from services.blueprint.domain.template_shape import VERSIONS

VERSION = "2021-04-16"

RESOURCES: dict[str, dict[str, Any]] = {
    "OS::Cinder::Volume": {"size": 10, "name": "scratch", "metadata": {"purpose": "scratch"}},
    "OS::Cinder::VolumeAttachment": {"instance_uuid": {"get_resource": "other"}, "volume_id": {"get_param": "text"}},
    "OS::Heat::None": {"anything": [1, 2]},
    "OS::Heat::RandomString": {"length": 24, "character_classes": [{"class": "lettersdigits", "min": 4}]},
    "OS::Heat::ResourceGroup": {
        "count": {"get_param": "number"},
        "index_var": "%number%",
        "removal_policies": [{"resource_list": ["0"]}],
        "resource_def": {"type": "OS::Heat::RandomString", "properties": {"length": 8}},
    },
    "OS::Heat::Value": {"type": "json", "value": {"a": {"get_param": "text"}}},
    "OS::Neutron::FloatingIP": {"floating_network": "public", "port_id": {"get_resource": "other"}},
    "OS::Neutron::FloatingIPAssociation": {"floatingip_id": {"get_param": "text"}, "port_id": {"get_param": "text"}},
    "OS::Neutron::Net": {"name": "inside", "admin_state_up": True, "value_specs": {"mtu": 9000}},
    "OS::Neutron::Port": {
        "network": {"get_resource": "other"},
        "fixed_ips": [{"ip_address": "192.0.2.7"}],
        "security_groups": [{"get_param": "text"}],
    },
    "OS::Neutron::Router": {"external_gateway_info": {"network": "public", "enable_snat": True}},
    "OS::Neutron::RouterInterface": {"router": {"get_param": "text"}, "subnet": {"get_param": "text"}},
    "OS::Neutron::SecurityGroup": {
        "rules": [{"protocol": "tcp", "port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": "0.0.0.0/0"}]
    },
    "OS::Neutron::SecurityGroupRule": {
        "security_group": {"get_param": "text"},
        "protocol": "icmp",
        "direction": "ingress",
    },
    "OS::Neutron::Subnet": {
        "network": {"get_resource": "other"},
        "cidr": "192.0.2.0/24",
        "allocation_pools": [{"start": "192.0.2.10", "end": "192.0.2.90"}],
        "dns_nameservers": [],
    },
    "OS::Nova::KeyPair": {
        "name": {"list_join": ["-", [{"get_param": "OS::stack_name"}, "key"]]},
        "save_private_key": True,
    },
    "OS::Nova::Server": {
        "image": {"get_param": "text"},
        "flavor": {"get_param": "text"},
        "networks": [{"port": {"get_resource": "other"}}],
        "user_data_format": "RAW",
        "user_data": {
            "str_replace": {"template": "#cloud-config\nhostname: NAME\n", "params": {"NAME": {"get_param": "text"}}}
        },
        "config_drive": True,
    },
    "OS::Nova::ServerGroup": {"name": "apart", "policies": ["anti-affinity"]},
}
"""By type, properties as Heat's "OpenStack Resource Types" describes them."""

FUNCTIONS: dict[str, Any] = {
    "get_param": ["object", "a", 0],
    "get_attr": ["other", "show", "name"],
    "get_resource": "other",
    "list_join": [", ", ["a", {"get_param": "text"}], ["b"]],
    "list_concat": [["a"], {"get_param": "list"}],
    "list_concat_unique": [["a"], ["a", "b"]],
    "digest": ["sha512", {"get_param": "text"}],
    "repeat": {"template": {"port": "%p%"}, "for_each": {"%p%": {"get_param": "list"}}, "permutations": False},
    "str_replace": {"template": "A of B", "params": {"A": 1, "B": {"get_param": "text"}}},
    "str_replace_strict": {"template": "A", "params": {"A": "x"}},
    "str_replace_vstrict": {"template": "A", "params": {"A": "x"}},
    "str_split": [",", {"get_param": "text"}, 0],
    "map_merge": [{"a": 1}, {"get_param": "object"}],
    "map_replace": [{"get_param": "object"}, {"keys": {"a": "b"}, "values": {"x": "y"}}],
    "equals": [{"get_param": "text"}, "x"],
    "if": ["chosen", "then", {"get_param": "text"}],
    "not": {"equals": [{"get_param": "number"}, 1]},
    "and": ["chosen", {"equals": [1, 1]}],
    "or": [{"equals": [1, 2]}, "chosen"],
    "contains": ["a", {"get_param": "list"}],
    "filter": [["x"], {"get_param": "list"}],
    "make_url": {"scheme": "https", "host": {"get_param": "text"}, "port": 443, "path": "/", "query": {"a": "b"}},
}
"""By name, arguments as the HOT specification describes them under "Intrinsic functions"."""

REFUSED_FUNCTIONS: dict[str, Any] = {
    "get_file": "user-data.sh",
    "resource_facade": "metadata",
    "yaql": {"expression": "$.data.list.len()", "data": {"list": {"get_param": "list"}}},
    "Ref": "other",
    "Fn::Base64": "text",
    "Fn::GetAtt": ["other", "value"],
    "Fn::GetAZs": "",
    "Fn::Join": ["-", ["a", "b"]],
    "Fn::MemberListToMap": ["Name", "Value", ["a=b"]],
    "Fn::Replace": [{"A": "b"}, "A"],
    "Fn::ResourceFacade": "Metadata",
    "Fn::Select": [0, ["a", "b"]],
    "Fn::Split": [",", "a,b"],
}
MISWRITTEN: dict[str, list[Any]] = {
    "get_param": [1, [], {}, None, [1]],
    "get_attr": [1, [], None, [["a"]]],
    "get_resource": [["other"], 1, None],
    "list_join": ["a", ["-"], ["-", "a"], {"-": ["a"]}],
    "list_concat": ["a", ["a"], 1],
    "list_concat_unique": ["a", ["a"], None],
    "digest": ["md5", ["md4", "a"], ["md5"], ["md5", "a", "b"]],
    "repeat": [[], {"template": "a"}, {"template": "a", "for_each": []}, {"for_each": {}, "template": 1, "x": 1}],
    "str_replace": ["A", {"template": "A"}, {"template": "A", "params": "x"}, {"template": [], "params": {}}],
    "str_replace_strict": [["A"], {"params": {}}],
    "str_replace_vstrict": [1, {"template": "A", "params": {}, "more": 1}],
    "str_split": ["a", [","], [",", "a", 0, 1]],
    "map_merge": ["a", ["a"], 1],
    "map_replace": [{}, [{}], [{}, {"names": {}}], [{}, []], ["a", {}]],
    "equals": [1, [1], [1, 2, 3], {}],
    "if": ["chosen", ["chosen"], [1, 2, 3], ["chosen", 1, 2, 3]],
    "not": [["chosen"], 1, None],
    "and": ["chosen", ["chosen"], [1, 2]],
    "or": [{}, [], ["chosen", 1]],
    "contains": ["a", ["a"]],
    "filter": ["a", [["a"]], ["a", ["b"]]],
    "make_url": ["http", ["http"], {"schema": "http"}],
}
"""By name, arguments that the function does not take."""

MISSHAPEN: dict[str, dict[str, Any]] = {
    "The parameter one has no type": {"parameters": {"one": {"type": "text"}}},
    "The parameter two has no type": {"parameters": {"two": "string"}},
    "has the key min, which HOT": {"parameters": {"one": {"type": "number", "min": 1}}},
    "The constraints of one are no list": {"parameters": {"one": {"type": "string", "constraints": {"length": 1}}}},
    "is none that HOT has": {"parameters": {"one": {"type": "string", "constraints": [{"size": 1}]}}},
    "length is a map": {"parameters": {"one": {"type": "string", "constraints": [{"length": 1}]}}},
    "range is for number": {"parameters": {"one": {"type": "string", "constraints": [{"range": {"min": 1}}]}}},
    "allowed_pattern is for": {"parameters": {"one": {"type": "json", "constraints": [{"allowed_pattern": "a"}]}}},
    "modulo is a map": {"parameters": {"one": {"type": "number", "constraints": [{"modulo": {"step": 2}}]}}},
    "allowed_values is a list": {"parameters": {"one": {"type": "string", "constraints": [{"allowed_values": "a"}]}}},
    "The resource one has no type": {"resources": {"one": {"properties": {}}}},
    "The properties of one": {"resources": {"one": {"type": "OS::Heat::None", "properties": [1]}}},
    "What one depends on": {"resources": {"one": {"type": "OS::Heat::None", "depends_on": {"other": 1}}}},
    "The deletion_policy of one": {"resources": {"one": {"type": "OS::Heat::None", "deletion_policy": "Keep"}}},
    "has the key propertys, which": {"resources": {"one": {"type": "OS::Heat::None", "propertys": {}}}},
    "The condition of one": {"resources": {"one": {"type": "OS::Heat::None", "condition": [1]}}},
    "The output one has no value": {"outputs": {"one": {"description": "x"}}},
    "The output two has no value": {"outputs": {"two": "text"}},
    "The condition chosen is no function": {"conditions": {"chosen": 1}},
    "The section parameter_groups": {"parameter_groups": "all"},
    "has no list of parameters": {"parameter_groups": [{"label": "All"}]},
    "names a parameter that is not there": {"parameter_groups": [{"parameters": ["none"]}]},
    "is in two groups": {"parameter_groups": [{"parameters": ["text"]}, {"parameters": ["text"]}]},
}
"""By words of the refusal, sections that are not as HOT has them."""
CONDITION_FUNCTIONS = ("equals", "not", "and", "or", "contains", "get_param")

PARAMETERS: dict[str, Any] = {
    "text": {
        "type": "string",
        "label": "Text",
        "description": "Any text.",
        "default": "x",
        "hidden": False,
        "immutable": True,
        "tags": ["a"],
        "constraints": [
            {"length": {"min": 1, "max": 40}, "description": "Short."},
            {"allowed_pattern": "[a-z]+"},
            {"custom_constraint": "nova.flavor"},
        ],
    },
    "number": {
        "type": "number",
        "default": 1,
        "constraints": [{"range": {"min": 0, "max": 9}}, {"modulo": {"step": 1, "offset": 0}}],
    },
    "list": {"type": "comma_delimited_list", "default": ["a", "b"]},
    "object": {"type": "json", "default": {"a": ["x"]}},
    "switch": {"type": "boolean", "default": False, "constraints": [{"allowed_values": [True, False]}]},
}
"""One parameter of each type, with each kind of constraint (HOT specification, "Parameters section")."""


def template(resources: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a template with all parameters, a condition, one more resource, and these."""
    return {
        "heat_template_version": VERSION,
        "description": "An example.",
        "parameter_groups": [{"label": "All", "parameters": list(PARAMETERS)}],
        "parameters": PARAMETERS,
        "conditions": {"chosen": {"equals": [{"get_param": "text"}, "x"]}},
        "resources": {"other": {"type": "OS::Heat::Value", "properties": {"value": 1}}, **resources},
        "outputs": outputs or {},
        **more,
    }


class _Dumper(yaml.SafeDumper):
    """Writes out what is there twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text_of(value: Any) -> str:
    """Return a template as YAML, without anchors."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


_names = st.sampled_from([*PARAMETERS, "other", "mine", "nothing", "OS::stack_id", "servers"]) | st.text(max_size=8)
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=12)
    | _names
    | st.binary(max_size=4)
)
_functions = st.sampled_from([*FUNCTIONS, *REFUSED_FUNCTIONS, "Fn::GetAtt", "Ref", "get_nothing"])


def _compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return lists, mappings, calls of functions and groups of anything."""
    groups = st.fixed_dictionaries({"type": st.just("OS::Heat::ResourceGroup"), "properties": inner})
    members = st.fixed_dictionaries({"resource_def": inner})
    calls = st.dictionaries(_functions, inner, min_size=1, max_size=2)
    keys = _names | st.integers() | st.booleans() | st.none()
    return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4) | calls | groups | members


values: st.SearchStrategy[Any] = st.recursive(_leaves, _compound, max_leaves=12)
_known = st.sampled_from(sorted(FUNCTIONS)).map(lambda name: {name: FUNCTIONS[name]}) | values
resources: st.SearchStrategy[Any] = values | st.fixed_dictionaries(
    {"type": st.sampled_from([*RESOURCES, "OS::Heat::Stack", "machine.yaml", "http://a/b.yaml"]) | values},
    optional={
        "properties": st.dictionaries(_names, _known, max_size=4) | values,
        "depends_on": _names | st.lists(_names, max_size=3) | values,
        "condition": _known,
        "metadata": values,
        "update_policy": values,
        "deletion_policy": st.sampled_from(["Retain", "Delete"]) | values,
        "external_id": values,
    },
)
_parameters = values | st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "number", "json", "boolean", "comma_delimited_list"]) | values},
    optional={"default": values, "constraints": st.lists(values, max_size=3) | values, "hidden": values},
)


def _section(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(_names, inner, max_size=4) | values


templates: st.SearchStrategy[Any] = (
    st.fixed_dictionaries(
        {"heat_template_version": st.sampled_from([*VERSIONS]) | values},
        optional={
            "description": values,
            "parameter_groups": values,
            "parameters": _section(_parameters),
            "resources": _section(resources),
            "outputs": _section(st.fixed_dictionaries({"value": _known})),
            "conditions": _section(_known),
            "surprise": values,
        },
    )
    | values
)
