"""HOT as Heat takes it, made at random: functions within functions, parameters of each type with their constraints."""

from typing import Any

from hypothesis import strategies as st

from services.blueprint.domain.template_shape import VERSIONS

_WORDS = st.sampled_from(["a", "b-1", "x y", "192.0.2.7", "%p%", ""])
_NAMES = st.sampled_from(["one", "two", "three"])
_NEWEST = ["2018-03-02", "queens", "2018-08-31", "rocky", "2021-04-16", "wallaby"]
_DEPTH = 3
Any_ = st.SearchStrategy[Any]


def _call(name: str, *arguments: Any_) -> Any_:
    return st.tuples(*arguments).map(lambda found: {name: list(found)})


def _mapped(name: str, **arguments: Any_) -> Any_:
    return st.fixed_dictionaries(arguments).map(lambda found: {name: found})


def texts(depth: int = _DEPTH) -> Any_:
    """Return texts, and calls of functions that give one."""
    plain = _WORDS | st.sampled_from([{"get_param": "text"}, {"get_param": ["object", "a"]}, {"get_resource": "other"}])
    if not depth:
        return plain
    inner, below = texts(depth - 1), depth - 1
    replaced = {"template": _WORDS, "params": st.dictionaries(_NAMES, inner, max_size=2)}
    address = {"scheme": st.just("https"), "host": inner, "port": st.integers(1, 99), "query": maps(0)}
    return st.one_of(
        plain,
        _call("get_attr", st.just("other"), st.just("value"), inner),
        _call("list_join", _WORDS, lists(below), lists(below)),
        _call("str_split", _WORDS, inner, st.integers(0, 2)),
        _call("digest", st.sampled_from(["md5", "sha512"]), inner),
        _call("if", conditions(below), inner, inner),
        _mapped("str_replace", **replaced),
        _mapped("str_replace_strict", **replaced),
        _mapped("str_replace_vstrict", **replaced),
        _mapped("make_url", **address),
    )


def lists(depth: int = _DEPTH) -> Any_:
    """Return lists, and calls of functions that give one."""
    plain = st.lists(_WORDS, max_size=3) | st.just({"get_param": "list"})
    if not depth:
        return plain
    inner, below = lists(depth - 1), depth - 1
    loop = {"template": texts(below), "for_each": st.fixed_dictionaries({"%p%": inner})}
    return st.one_of(
        plain,
        st.lists(texts(below), max_size=3),
        _call("list_concat", inner, inner),
        _call("list_concat_unique", inner),
        _call("filter", inner, inner),
        _call("str_split", _WORDS, texts(below)),
        _mapped("repeat", **loop),
        _mapped("repeat", **loop, permutations=st.booleans()),
    )


def maps(depth: int = _DEPTH) -> Any_:
    """Return mappings, and calls of functions that give one."""
    plain = st.dictionaries(_NAMES, _WORDS, max_size=2) | st.just({"get_param": "object"})
    if not depth:
        return plain
    inner, below = maps(depth - 1), depth - 1
    exchanged = st.fixed_dictionaries({}, optional={"keys": inner, "values": inner})
    return st.one_of(
        plain,
        st.dictionaries(_NAMES, texts(below) | lists(below), max_size=2),
        _call("map_merge", inner, inner),
        _call("map_replace", inner, exchanged),
    )


def conditions(depth: int = _DEPTH) -> Any_:
    """Return names of conditions, and calls of functions that give true or false."""
    plain = st.sampled_from(["chosen", {"get_param": "switch"}]) | st.booleans()
    if not depth:
        return plain
    inner = conditions(depth - 1)
    return st.one_of(
        plain,
        _call("equals", st.just({"get_param": "text"}), _WORDS),
        _call("and", inner, inner),
        _call("or", inner, inner, inner),
        inner.map(lambda found: {"not": found}),
        _call("contains", _WORDS, st.just({"get_param": "list"})),
    )


_BOUNDS = st.fixed_dictionaries({"min": st.integers(0, 3)}, optional={"max": st.integers(4, 9)})
_LENGTH = _BOUNDS.map(lambda found: {"length": found})
_VALUES = st.lists(_WORDS, min_size=1, max_size=2).map(lambda found: {"allowed_values": found})
_MODULO = st.integers(1, 9).map(lambda step: {"modulo": {"step": step, "offset": step - 1}})
_OTHERS = st.sampled_from(
    [{"allowed_pattern": "[a-z]*"}, {"custom_constraint": "nova.keypair", "description": "A key."}]
)
_CONSTRAINTS: dict[str, Any_] = {
    "string": _LENGTH | _VALUES | _OTHERS,
    "number": _BOUNDS.map(lambda found: {"range": found}) | _MODULO | st.just({"allowed_values": [1, 2.5]}),
    "json": _LENGTH,
    "boolean": st.just({"allowed_values": [True]}),
    "comma_delimited_list": _LENGTH | _VALUES,
}


def _parameter(kind: str) -> Any_:
    more = {
        "label": _WORDS,
        "description": _WORDS,
        "default": _WORDS,
        "hidden": st.booleans(),
        "immutable": st.booleans(),
        "tags": st.lists(_WORDS, max_size=2),
        "constraints": st.lists(_CONSTRAINTS[kind], max_size=2),
    }
    return st.fixed_dictionaries({"type": st.just(kind)}, optional=more)


_PARAMETERS = st.sampled_from(sorted(_CONSTRAINTS)).flatmap(_parameter)
_GIVEN = {
    "text": {"type": "string"},
    "list": {"type": "comma_delimited_list"},
    "object": {"type": "json"},
    "switch": {"type": "boolean"},
}
_RESOURCES = st.fixed_dictionaries(
    {
        "type": st.just("OS::Heat::Value"),
        "properties": st.fixed_dictionaries({"value": texts() | lists() | maps()}),
    },
    optional={
        "depends_on": st.sampled_from(["other", ["other"]]),
        "condition": conditions(),
        "metadata": maps(),
        "deletion_policy": st.sampled_from(["Retain", "delete"]),
        "description": _WORDS,
    },
)
_OUTPUTS = st.fixed_dictionaries(
    {"value": texts() | lists() | maps()}, optional={"condition": conditions(), "description": _WORDS}
)


def _whole(found: dict[str, Any]) -> dict[str, Any]:
    """Return a template with what its functions refer to."""
    parameters = {**_GIVEN, **found["parameters"]}
    return {
        **found,
        "parameters": parameters,
        "parameter_groups": [{"label": "All", "parameters": list(parameters)}],
        "conditions": {"chosen": True, **found["conditions"]},
        "resources": {"other": {"type": "OS::Heat::Value", "properties": {"value": 1}}, **found["resources"]},
    }


well_written: Any_ = st.fixed_dictionaries(
    {
        "heat_template_version": st.sampled_from(_NEWEST),
        "parameters": st.dictionaries(_NAMES, _PARAMETERS, max_size=3),
        "conditions": st.dictionaries(_NAMES, conditions(), max_size=2),
        "resources": st.dictionaries(_NAMES, _RESOURCES, max_size=3),
        "outputs": st.dictionaries(_NAMES, _OUTPUTS, max_size=2),
    }
).map(_whole)


@st.composite
def damaged(draw: Any, template: dict[str, Any]) -> dict[str, Any]:
    """Return a template with one part of it taken for another one, or with another version."""
    wrong = draw(st.none() | st.integers(0, 3) | _WORDS | st.lists(_WORDS, max_size=2) | maps(1))
    if draw(st.booleans()):
        return {**template, "heat_template_version": draw(st.sampled_from([*VERSIONS]))}
    section = draw(st.sampled_from(["parameters", "conditions", "resources", "outputs"]))
    name = draw(st.sampled_from([*(template[section] or ["one"])]))
    item = template[section].get(name)
    if isinstance(item, dict) and item and draw(st.booleans()):
        item = {**item, draw(st.sampled_from([*item])): wrong}
    else:
        item = wrong
    return {**template, section: {**template[section], name: item}}
