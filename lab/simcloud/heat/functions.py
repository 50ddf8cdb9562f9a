"""HOT's intrinsic functions. Source: Heat's template guide, section "Intrinsic functions"."""

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import invalid


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


def _known(function: Function) -> Function:
    """Resolves the arguments first; what is not known yet makes the result unknown."""

    def call(raw: Any, scope: Scope) -> Any:
        arguments = resolve(raw, scope)
        return UNKNOWN if has_unknown(arguments) else function(arguments, scope)

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


def _as_text(item: Any) -> str:
    if item is None:
        return ""
    if isinstance(item, bool):
        return str(item)
    return json.dumps(item) if isinstance(item, dict | list) else str(item)


def _list_join(arguments: Any, scope: Scope) -> Any:
    if not isinstance(arguments, list) or len(arguments) < 2:
        raise invalid('Incorrect arguments to "list_join" should be: [<delimiter>, [<string>, ...], ...]')
    joined: list[Any] = []
    for part in arguments[1:]:
        if part is not None and not isinstance(part, list):
            raise invalid('Incorrect arguments to "list_join": the items to join must be a list')
        joined += part or []
    return str(arguments[0]).join(_as_text(item) for item in joined)


def _str_split(arguments: Any, scope: Scope) -> Any:
    if not isinstance(arguments, list) or len(arguments) not in (2, 3):
        raise invalid('Incorrect arguments to "str_split" should be: [<delimiter>, <string>, (<index>)]')
    if arguments[1] is None:
        return None
    parts = str(arguments[1]).split(str(arguments[0]))
    if len(arguments) == 2:
        return parts
    index = int(arguments[2])
    if not -len(parts) <= index < len(parts):
        raise invalid(f'Incorrect index to "str_split" should be between 0 and {len(parts) - 1}')
    return parts[index]


def _replacer(name: str, strict: bool) -> Function:
    def replace(arguments: Any, scope: Scope) -> Any:
        if not isinstance(arguments, dict) or set(arguments) != {"template", "params"}:
            raise invalid(f'"{name}" must have the form {{template: <string>, params: <map>}}')
        text, params = str(arguments["template"] or ""), arguments["params"] or {}
        missing = [key for key in params if strict and str(key) not in text]
        if missing:
            raise invalid(f"The following params were not found in the template: {', '.join(map(str, missing))}")
        return _replace_once(text, {str(key): _as_text(value) for key, value in params.items()})

    return replace


def _replace_once(text: str, params: dict[str, str]) -> str:
    """Longer names first, and nothing that was put in is replaced again."""
    for key in sorted(params, key=lambda item: (-len(item), item)):
        if key and key in text:
            rest = {name: value for name, value in params.items() if name != key}
            return params[key].join(_replace_once(part, rest) for part in text.split(key))
    return text


def _repeat(raw: Any, scope: Scope) -> Any:
    if not isinstance(raw, dict) or not {"template", "for_each"} <= set(raw):
        raise invalid('"repeat" must have the form {template: <body>, for_each: {<var>: <list>}}')
    loops = resolve(raw["for_each"], scope)
    if has_unknown(loops):
        return UNKNOWN
    lists = {str(name): list(values or []) for name, values in loops.items()}
    combine = itertools.product if raw.get("permutations", True) else _in_step
    bodies = [_fill(raw["template"], dict(zip(lists, chosen, strict=True))) for chosen in combine(*lists.values())]
    return [item for item in (resolve(body, scope) for body in bodies) if item is not OMIT]


def _in_step(*lists: list[Any]) -> Any:
    if len({len(items) for items in lists}) > 1:
        raise invalid('The lists of "repeat" without permutations must have the same length')
    return zip(*lists, strict=True)


def _fill(body: Any, values: dict[str, Any]) -> Any:
    if isinstance(body, str):
        if body in values:
            return values[body]
        return _replace_once(body, {name: _as_text(value) for name, value in values.items()})
    if isinstance(body, dict):
        return {_fill(key, values): _fill(inner, values) for key, inner in body.items()}
    return [_fill(inner, values) for inner in body] if isinstance(body, list) else body


def _map_merge(arguments: Any, scope: Scope) -> Any:
    merged: dict[Any, Any] = {}
    for item in _lists("map_merge", arguments):
        if item is not None and not isinstance(item, dict):
            raise invalid('Incorrect arguments to "map_merge": items to merge must be maps.')
        merged |= item or {}
    return merged


def _map_replace(arguments: Any, scope: Scope) -> Any:
    if not isinstance(arguments, list) or len(arguments) != 2 or not isinstance(arguments[0], dict):
        raise invalid('Incorrect arguments to "map_replace" should be: [<map>, {keys: <map>, values: <map>}]')
    keys, values = arguments[1].get("keys") or {}, arguments[1].get("values") or {}
    return {keys.get(key, key): values.get(str(value), value) for key, value in arguments[0].items()}


def _list_concat(arguments: Any, scope: Scope) -> Any:
    joined: list[Any] = []
    for item in _lists("list_concat", arguments):
        joined += item or []
    return joined


def _list_concat_unique(arguments: Any, scope: Scope) -> Any:
    unique: list[Any] = []
    for item in _list_concat(arguments, scope):
        if item not in unique:
            unique.append(item)
    return unique


def _lists(name: str, arguments: Any) -> list[Any]:
    if not isinstance(arguments, list):
        raise invalid(f'Incorrect arguments to "{name}" should be a list')
    return arguments


def _filter(arguments: Any, scope: Scope) -> Any:
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise invalid('Incorrect arguments to "filter" should be: [<values>, <list>]')
    return [item for item in arguments[1] or [] if item not in (arguments[0] or [])]


def _contains(arguments: Any, scope: Scope) -> Any:
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise invalid('Incorrect arguments to "contains" should be: [<value>, <sequence>]')
    return arguments[0] in (arguments[1] or [])


def _digest(arguments: Any, scope: Scope) -> Any:
    if not isinstance(arguments, list) or len(arguments) != 2 or arguments[0] not in hashlib.algorithms_available:
        raise invalid('Incorrect arguments to "digest" should be: [<algorithm>, <value>]')
    return hashlib.new(arguments[0], _as_text(arguments[1]).encode(), usedforsecurity=False).hexdigest()


def _make_url(arguments: Any, scope: Scope) -> Any:
    if not isinstance(arguments, dict):
        raise invalid('The arguments to "make_url" must be a map')
    user = arguments.get("username", "")
    user += f":{arguments['password']}" if arguments.get("password") else ""
    host = str(arguments.get("host", ""))
    host = f"[{host}]" if ":" in host else host
    port = f":{arguments['port']}" if arguments.get("port") else ""
    query = "&".join(f"{key}={value}" for key, value in (arguments.get("query") or {}).items())
    url = f"{arguments.get('scheme', '')}://{f'{user}@' if user else ''}{host}{port}{arguments.get('path', '')}"
    fragment = f"#{arguments['fragment']}" if arguments.get("fragment") else ""
    return url + (f"?{query}" if query else "") + fragment


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


def _equals(arguments: Any, scope: Scope) -> Any:
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
    "str_replace": ("2013-05-23", _known(_replacer("str_replace", strict=False))),
    "resource_facade": ("2013-05-23", _unsupported("resource_facade")),
    "list_join": ("2014-10-16", _known(_list_join)),
    "repeat": ("2015-04-30", _repeat),
    "digest": ("2015-04-30", _known(_digest)),
    "str_split": ("2015-10-15", _known(_str_split)),
    "map_merge": ("2016-04-08", _known(_map_merge)),
    "map_replace": ("2016-10-14", _known(_map_replace)),
    "yaql": ("2016-10-14", _unsupported("yaql")),
    "if": ("2016-10-14", _if),
    "equals": ("2016-10-14", _known(_equals)),
    "not": ("2016-10-14", _not),
    "and": ("2016-10-14", _and),
    "or": ("2016-10-14", _or),
    "str_replace_strict": ("2017-02-24", _known(_replacer("str_replace_strict", strict=True))),
    "filter": ("2017-02-24", _known(_filter)),
    "str_replace_vstrict": ("2017-09-01", _known(_replacer("str_replace_vstrict", strict=True))),
    "make_url": ("2017-09-01", _known(_make_url)),
    "list_concat": ("2017-09-01", _known(_list_concat)),
    "list_concat_unique": ("2017-09-01", _known(_list_concat_unique)),
    "contains": ("2017-09-01", _known(_contains)),
}
