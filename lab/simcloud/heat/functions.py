"""HOT's intrinsic functions. Source: Heat's template guide, section "Intrinsic functions"."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import invalid
from lab.simcloud.heat.transforms import (
    Transform,
    contains,
    digest,
    fill,
    filter_out,
    list_concat,
    list_concat_unique,
    list_join,
    make_url,
    map_merge,
    map_replace,
    replacer,
    str_split,
)


class Unknown:
    """A value that is known only when its resource exists."""

    def __repr__(self) -> str:
        return "<unknown>"


class Omit:
    """What `if` without an else gives: the property is left out."""


UNKNOWN = Unknown()
OMIT = Omit()


class Scope(Protocol):
    """Where names are looked up."""

    version: str

    def parameter(self, name: str) -> Any:
        """The value of a parameter or pseudo parameter; ApiError 400 if there is none."""

    def reference(self, name: str) -> Any:
        """What get_resource gives."""

    def attribute(self, name: str, attribute: str | None) -> Any:
        """What get_attr gives, before its path is followed; without a name all attributes."""

    def condition(self, name: str) -> bool:
        """Whether a named condition holds."""

    def file(self, name: str) -> str:
        """The text of a file sent with the template."""


Function = Callable[[Any, Scope], Any]


def resolve(value: Any, scope: Scope) -> Any:
    """The value with all functions replaced by what they give."""
    if isinstance(value, dict):
        if len(value) == 1:
            key, inner = next(iter(value.items()))
            since, function = FUNCTIONS.get(key, ("9999", _nothing))
            if since <= scope.version:
                return function(inner, scope)
        resolved = {key: resolve(inner, scope) for key, inner in value.items()}
        return {key: inner for key, inner in resolved.items() if inner is not OMIT}
    if isinstance(value, list):
        return [item for item in (resolve(inner, scope) for inner in value) if item is not OMIT]
    return value


def has_unknown(value: Any) -> bool:
    """Whether some part of a value is not known yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(inner) for inner in value.values())
    if isinstance(value, list):
        return any(has_unknown(inner) for inner in value)
    return value is UNKNOWN


def follow(value: Any, path: list[Any]) -> Any:
    """The part of a value at a path of keys and indexes; None where there is nothing."""
    for key in path:
        if value is UNKNOWN or value is None:
            return value
        try:
            value = value[key] if isinstance(value, Mapping) else value[int(key)]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def _known(function: Transform) -> Function:
    """Resolves the arguments first; what is not known yet makes the result unknown."""

    def call(raw: Any, scope: Scope) -> Any:
        arguments = resolve(raw, scope)
        return UNKNOWN if has_unknown(arguments) else function(arguments)

    return call


def _nothing(raw: Any, scope: Scope) -> Any:
    return raw


def _get_param(raw: Any, scope: Scope) -> Any:
    path = resolve(raw, scope)
    path = path if isinstance(path, list) else [path]
    if not path or not isinstance(path[0], str):
        raise invalid('Function "get_param" must have arguments: the parameter name')
    return follow(scope.parameter(path[0]), path[1:])


def _get_resource(raw: Any, scope: Scope) -> Any:
    return scope.reference(str(resolve(raw, scope)))


def _get_attr(raw: Any, scope: Scope) -> Any:
    path = resolve(raw, scope)
    if isinstance(path, str):
        return scope.attribute(path, None)
    if not isinstance(path, list) or not path:
        raise invalid('Arguments to "get_attr" must be of the form [resource_name, attribute, (path), ...]')
    if has_unknown(path):
        return UNKNOWN
    return follow(scope.attribute(str(path[0]), str(path[1]) if len(path) > 1 else None), path[2:])


def _get_file(raw: Any, scope: Scope) -> Any:
    return scope.file(str(resolve(raw, scope)))


def _repeat(raw: Any, scope: Scope) -> Any:
    if not isinstance(raw, dict) or not {"template", "for_each"} <= set(raw):
        raise invalid('"repeat" must have the form {template: <body>, for_each: {<var>: <list>}}')
    loops = resolve(raw["for_each"], scope)
    if has_unknown(loops):
        return UNKNOWN
    lists = {str(name): list(values or []) for name, values in loops.items()}
    combine = itertools.product if raw.get("permutations", True) else _in_step
    bodies = [fill(raw["template"], dict(zip(lists, chosen, strict=True))) for chosen in combine(*lists.values())]
    return [item for item in (resolve(body, scope) for body in bodies) if item is not OMIT]


def _in_step(*lists: list[Any]) -> Any:
    if len({len(items) for items in lists}) > 1:
        raise invalid('The lists of "repeat" without permutations must have the same length')
    return zip(*lists, strict=True)


def _if(raw: Any, scope: Scope) -> Any:
    least = 2 if scope.version >= "2021-04-16" else 3
    if not isinstance(raw, list) or not least <= len(raw) <= 3:
        raise invalid('Arguments to "if" must be of the form: [condition_name, value_if_true, value_if_false]')
    if condition_holds(raw[0], scope):
        return resolve(raw[1], scope)
    return resolve(raw[2], scope) if len(raw) == 3 else OMIT


def condition_holds(raw: Any, scope: Scope) -> bool:
    """Whether a condition (a name, a boolean or a function of them) holds."""
    if isinstance(raw, str):
        return scope.condition(raw)
    value = resolve(raw, scope)
    if value is UNKNOWN:
        return True
    if not isinstance(value, bool):
        raise invalid(f'The condition value should be boolean or the name of a condition, not "{value}"')
    return value


def _equals(arguments: Any) -> Any:
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise invalid('Arguments to "equals" must be of the form: [value_1, value_2]')
    return arguments[0] == arguments[1]


def _not(raw: Any, scope: Scope) -> Any:
    return not condition_holds(raw, scope)


def _and(raw: Any, scope: Scope) -> Any:
    return all(condition_holds(item, scope) for item in _two_or_more("and", raw))


def _or(raw: Any, scope: Scope) -> Any:
    return any(condition_holds(item, scope) for item in _two_or_more("or", raw))


def _two_or_more(name: str, raw: Any) -> list[Any]:
    if not isinstance(raw, list) or len(raw) < 2:
        raise invalid(f'The minimum number of condition arguments to "{name}" is 2.')
    return raw


def _unsupported(name: str) -> Function:
    def refuse(raw: Any, scope: Scope) -> Any:
        raise ApiError(400, f'The function "{name}" is not supported by this emulation of Heat.', "NotSupported")

    return refuse


FUNCTIONS: dict[str, tuple[str, Function]] = {
    "get_param": ("2013-05-23", _get_param),
    "get_resource": ("2013-05-23", _get_resource),
    "get_attr": ("2013-05-23", _get_attr),
    "get_file": ("2013-05-23", _get_file),
    "str_replace": ("2013-05-23", _known(replacer("str_replace", strict=False))),
    "resource_facade": ("2013-05-23", _unsupported("resource_facade")),
    "list_join": ("2014-10-16", _known(list_join)),
    "repeat": ("2015-04-30", _repeat),
    "digest": ("2015-04-30", _known(digest)),
    "str_split": ("2015-10-15", _known(str_split)),
    "map_merge": ("2016-04-08", _known(map_merge)),
    "map_replace": ("2016-10-14", _known(map_replace)),
    "yaql": ("2016-10-14", _unsupported("yaql")),
    "if": ("2016-10-14", _if),
    "equals": ("2016-10-14", _known(_equals)),
    "not": ("2016-10-14", _not),
    "and": ("2016-10-14", _and),
    "or": ("2016-10-14", _or),
    "str_replace_strict": ("2017-02-24", _known(replacer("str_replace_strict", strict=True))),
    "filter": ("2017-02-24", _known(filter_out)),
    "str_replace_vstrict": ("2017-09-01", _known(replacer("str_replace_vstrict", strict=True))),
    "make_url": ("2017-09-01", _known(make_url)),
    "list_concat": ("2017-09-01", _known(list_concat)),
    "list_concat_unique": ("2017-09-01", _known(list_concat_unique)),
    "contains": ("2017-09-01", _known(contains)),
}
