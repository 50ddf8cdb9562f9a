"""The intrinsic functions of HOT: which are taken, since which version there is each, and how it is written.

Source: Heat's template guide, "HOT specification", sections "Intrinsic functions" and "Condition functions". What a
function is given may be another function, of which nothing is known here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from services.blueprint.domain.yaml_document import YamlDocument
from services.contracts.blueprint import Finding

Shape = Callable[[Any], bool]

REFUSED_FUNCTIONS = {
    "get_file": "Write the text into the template or pass it as a parameter.",
    "resource_facade": "Pass what is needed as a parameter.",
    "yaql": "Use list_join, map_merge, filter or str_replace.",
    "Ref": "Use get_resource or get_param.",
    "Fn::Base64": "Write the text as it is.",
    "Fn::GetAtt": "Use get_attr.",
    "Fn::GetAZs": "Pass what is needed as a parameter.",
    "Fn::Join": "Use list_join.",
    "Fn::MemberListToMap": "Use map_merge.",
    "Fn::Replace": "Use str_replace.",
    "Fn::ResourceFacade": "Pass what is needed as a parameter.",
    "Fn::Select": "Use get_param or get_attr with a path.",
    "Fn::Split": "Use str_split.",
}
"""Functions that read files, look around the template, compute without bounds, or are CloudFormation's, with hints."""

_DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_URL = frozenset({"scheme", "username", "password", "host", "port", "path", "query", "fragment"})


@dataclass(frozen=True)
class Function:
    """A function: the version that brought it, a sentence on how it is written, and whether it is."""

    since: str
    form: str
    fits: Shape


def is_call(value: Any) -> bool:
    """Tell whether a value is what a function gives."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {*FUNCTIONS, *REFUSED_FUNCTIONS}


def _text(value: Any) -> bool:
    return isinstance(value, str) or is_call(value)


def _list(value: Any) -> bool:
    return value is None or isinstance(value, list) or is_call(value)


def _map(value: Any) -> bool:
    return value is None or isinstance(value, dict)


def _path(value: Any) -> bool:
    return isinstance(value[0], str) or is_call(value[0]) if isinstance(value, list) and value else _text(value)


def _items(least: int, most: int | None = None, each: Shape = lambda _: True) -> Shape:
    def fits(value: Any) -> bool:
        if not isinstance(value, list):
            return False
        return least <= len(value) <= (most or len(value)) and all(map(each, value))

    return fits


def _keys(needed: frozenset[str], known: frozenset[str]) -> Shape:
    return lambda value: isinstance(value, dict) and needed <= set(value) <= known


def _replaces(value: Any) -> bool:
    exactly = frozenset({"template", "params"})
    return _keys(exactly, exactly)(value) and _map(value["params"]) and not isinstance(value["template"], list)


def _repeats(value: Any) -> bool:
    needed = frozenset({"template", "for_each"})
    return _keys(needed, needed | {"permutations"})(value) and isinstance(value["for_each"], dict)


def _joins(value: Any) -> bool:
    return _items(2)(value) and _text(value[0]) and all(map(_list, value[1:]))


def _exchanges(value: Any) -> bool:
    known = frozenset({"keys", "values"})
    return _items(2, 2, _map)(value) and (is_call(value[1]) or _keys(frozenset(), known)(value[1] or {}))


def _digests(value: Any) -> bool:
    return _items(2, 2)(value) and (is_call(value[0]) or value[0] in _DIGESTS)


def _condition(value: Any) -> bool:
    return isinstance(value, str | bool) or is_call(value)


def _chooses(value: Any) -> bool:
    return _items(2, 3)(value) and _condition(value[0])


_REPLACE = "{template: TEXT, params: {NAME: VALUE}}"
_LISTS = "[LIST, …]"
FUNCTIONS: dict[str, Function] = {
    "get_param": Function("2013-05-23", "NAME or [NAME, KEY, …]", _path),
    "get_resource": Function("2013-05-23", "NAME", _text),
    "get_attr": Function("2013-05-23", "[RESOURCE, ATTRIBUTE, KEY, …]", _path),
    "str_replace": Function("2013-05-23", _REPLACE, _replaces),
    "list_join": Function("2014-10-16", "[DELIMITER, LIST, …]", _joins),
    "digest": Function("2015-04-30", f"[ALGORITHM, TEXT] with one of {', '.join(_DIGESTS)}", _digests),
    "repeat": Function("2015-04-30", "{template: VALUE, for_each: {NAME: LIST}}", _repeats),
    "str_split": Function("2015-10-15", "[DELIMITER, TEXT] or [DELIMITER, TEXT, INDEX]", _items(2, 3)),
    "map_merge": Function("2016-04-08", "[MAP, …]", lambda value: is_call(value) or _items(0, None, _map)(value)),
    "map_replace": Function("2016-10-14", "[MAP, {keys: MAP, values: MAP}]", _exchanges),
    "equals": Function("2016-10-14", "[VALUE, VALUE]", _items(2, 2)),
    "if": Function("2016-10-14", "[CONDITION, VALUE, VALUE]", _chooses),
    "not": Function("2016-10-14", "CONDITION", _condition),
    "and": Function("2016-10-14", "[CONDITION, CONDITION, …]", _items(2, None, _condition)),
    "or": Function("2016-10-14", "[CONDITION, CONDITION, …]", _items(2, None, _condition)),
    "filter": Function("2017-02-24", "[VALUES, LIST]", _items(2, 2, _list)),
    "str_replace_strict": Function("2017-02-24", _REPLACE, _replaces),
    "str_replace_vstrict": Function("2017-09-01", _REPLACE, _replaces),
    "list_concat": Function("2017-09-01", _LISTS, lambda value: is_call(value) or _items(0, None, _list)(value)),
    "list_concat_unique": Function("2017-09-01", _LISTS, lambda value: is_call(value) or _items(0, None, _list)(value)),
    "contains": Function("2017-09-01", "[VALUE, LIST]", _items(2, 2)),
    "make_url": Function("2017-09-01", f"a map with keys of {', '.join(sorted(_URL))}", _keys(frozenset(), _URL)),
}
"""By name, the functions that are taken."""


def function_findings(path: str, document: YamlDocument, version: str) -> Iterator[Finding]:
    """Yield each function that is not taken, or not written as it has to be; ``version`` is the template's date.

    Heat looks for functions in these sections only, and takes a mapping of several keys for plain data.
    """
    for section in ("conditions", "resources", "outputs"):
        yield from _below(path, document, document.value.get(section), f"/{section}", version)


def _below(path: str, document: YamlDocument, value: Any, place: str, version: str) -> Iterator[Finding]:
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _below(path, document, inner, f"{place}/{index}", version)
    elif isinstance(value, dict):
        for key, inner in value.items():
            here = f"{place}/{_escaped(key)}"
            problem = _problem(key, inner, version, alone=len(value) == 1)
            if problem:
                yield Finding(file=path, line=document.line_of(here), message=problem[0], hint=problem[1])
            yield from _below(path, document, inner, here, version)


def _problem(name: str, argument: Any, version: str, *, alone: bool) -> tuple[str, str] | None:
    if name in REFUSED_FUNCTIONS:
        return f"The function {name} is not allowed.", REFUSED_FUNCTIONS[name]
    function = FUNCTIONS.get(name) if alone else None
    if function is None:
        return None
    if function.since > version:
        # A short word may be a name in somebody's data; `list_join` is none.
        hint = f"Say heat_template_version: {function.since}, or a later one."
        return (f"The function {name} is not there in version {version}.", hint) if "_" in name else None
    if not function.fits(argument):
        return f"The function {name} is not written as it has to be.", f"It takes: {function.form}."
    return None


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
