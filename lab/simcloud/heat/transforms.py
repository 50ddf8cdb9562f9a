"""HOT's functions on plain values: texts, lists and maps."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from lab.simcloud.heat.errors import invalid

Transform = Callable[[Any], Any]


def as_text(item: Any) -> str:
    """A value within a text: lists and maps as JSON, nothing for None."""
    if item is None:
        return ""
    if isinstance(item, bool):
        return str(item)
    return json.dumps(item) if isinstance(item, dict | list) else str(item)


def list_join(arguments: Any) -> Any:
    """`[delimiter, list, …]` as one text."""
    if not isinstance(arguments, list) or len(arguments) < 2:
        raise invalid('Incorrect arguments to "list_join" should be: [<delimiter>, [<string>, ...], ...]')
    joined: list[Any] = []
    for part in arguments[1:]:
        if part is not None and not isinstance(part, list):
            raise invalid('Incorrect arguments to "list_join": the items to join must be a list')
        joined += part or []
    return str(arguments[0]).join(as_text(item) for item in joined)


def str_split(arguments: Any) -> Any:
    """`[delimiter, text, (index)]` as a list, or one part of it."""
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


def replacer(name: str, strict: bool) -> Transform:
    """The function that replaces names in a text; strict: a name that the text does not hold is an error."""

    def replace(arguments: Any) -> Any:
        if not isinstance(arguments, dict) or set(arguments) != {"template", "params"}:
            raise invalid(f'"{name}" must have the form {{template: <string>, params: <map>}}')
        text, params = str(arguments["template"] or ""), arguments["params"] or {}
        missing = [key for key in params if strict and str(key) not in text]
        if missing:
            raise invalid(f"The following params were not found in the template: {', '.join(map(str, missing))}")
        return _replace_once(text, {str(key): as_text(value) for key, value in params.items()})

    return replace


def _replace_once(text: str, params: dict[str, str]) -> str:
    """Longer names first, and nothing that was put in is replaced again."""
    for key in sorted(params, key=lambda item: (-len(item), item)):
        if key and key in text:
            rest = {name: value for name, value in params.items() if name != key}
            return params[key].join(_replace_once(part, rest) for part in text.split(key))
    return text


def fill(body: Any, values: dict[str, Any]) -> Any:
    """A body with the loop's variables put in."""
    if isinstance(body, str):
        if body in values:
            return values[body]
        return _replace_once(body, {name: as_text(value) for name, value in values.items()})
    if isinstance(body, dict):
        return {fill(key, values): fill(inner, values) for key, inner in body.items()}
    return [fill(inner, values) for inner in body] if isinstance(body, list) else body


def map_merge(arguments: Any) -> Any:
    """Maps laid over each other."""
    merged: dict[Any, Any] = {}
    for item in _lists("map_merge", arguments):
        if item is not None and not isinstance(item, dict):
            raise invalid('Incorrect arguments to "map_merge": items to merge must be maps.')
        merged |= item or {}
    return merged


def map_replace(arguments: Any) -> Any:
    """`[map, {keys, values}]`: the map with keys and values exchanged."""
    if not isinstance(arguments, list) or len(arguments) != 2 or not isinstance(arguments[0], dict):
        raise invalid('Incorrect arguments to "map_replace" should be: [<map>, {keys: <map>, values: <map>}]')
    keys, values = arguments[1].get("keys") or {}, arguments[1].get("values") or {}
    return {keys.get(key, key): values.get(str(value), value) for key, value in arguments[0].items()}


def list_concat(arguments: Any) -> Any:
    """Lists one after the other."""
    joined: list[Any] = []
    for item in _lists("list_concat", arguments):
        joined += item or []
    return joined


def list_concat_unique(arguments: Any) -> Any:
    """The same, each item once."""
    unique: list[Any] = []
    for item in list_concat(arguments):
        if item not in unique:
            unique.append(item)
    return unique


def _lists(name: str, arguments: Any) -> list[Any]:
    if not isinstance(arguments, list):
        raise invalid(f'Incorrect arguments to "{name}" should be a list')
    return arguments


def filter_out(arguments: Any) -> Any:
    """`[values, list]`: the list without the values."""
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise invalid('Incorrect arguments to "filter" should be: [<values>, <list>]')
    return [item for item in arguments[1] or [] if item not in (arguments[0] or [])]


def contains(arguments: Any) -> Any:
    """`[value, sequence]`: whether it is in there."""
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise invalid('Incorrect arguments to "contains" should be: [<value>, <sequence>]')
    return arguments[0] in (arguments[1] or [])


def digest(arguments: Any) -> Any:
    """`[algorithm, value]` as hexadecimal text."""
    if not isinstance(arguments, list) or len(arguments) != 2 or arguments[0] not in hashlib.algorithms_available:
        raise invalid('Incorrect arguments to "digest" should be: [<algorithm>, <value>]')
    return hashlib.new(arguments[0], as_text(arguments[1]).encode(), usedforsecurity=False).hexdigest()


def make_url(arguments: Any) -> Any:
    """A URL of its parts."""
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
