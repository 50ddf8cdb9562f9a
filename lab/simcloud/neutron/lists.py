"""Filtering, choosing of fields and paging, as every list of Neutron does."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from sanic import Request

from lab.simcloud.api.app import limit_argument, text_argument

NO_FILTERS = {"fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse"}


def wanted_text(value: Any) -> str:
    """A shown value as a query would write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def matches(shown: dict[str, Any], request: Request) -> bool:
    """Whether a shown object has one of the wanted values in each field asked for."""
    for field in request.args:
        if field in NO_FILTERS:
            continue
        values = [str(value) for value in request.args.getlist(field)]
        if field == "fixed_ips":
            if not all(_has_address(shown.get(field) or [], value) for value in values):
                return False
        elif field == "tags":
            if not set(",".join(values).split(",")) <= set(shown.get("tags") or []):
                return False
        elif field in shown and not _any_equal(shown[field], values):
            return False
    return True


def _any_equal(value: Any, wanted: list[str]) -> bool:
    have = wanted_text(value)
    return any(have == (text.lower() if isinstance(value, bool) else text) for text in wanted)


def _has_address(fixed_ips: list[dict[str, str]], wanted: str) -> bool:
    key, _, value = wanted.partition("=")
    return any(address.get(key) == value for address in fixed_ips)


def search(request: Request, *fields: str) -> dict[str, Any]:
    """What a list may leave to the store: the marker, and the filters by those indexed fields."""
    given = {field: [str(value) for value in request.args.getlist(field)] for field in fields if field in request.args}
    return given | {"after": text_argument(request, "marker") or None}


def page(name: str, found: Iterable[dict[str, Any]], request: Request, address: str) -> dict[str, Any]:
    """The page of what was found behind the marker, with a link to the next one; reads no further than it needs."""
    matching = (item for item in found if matches(item, request))
    body: dict[str, Any] = {}
    if "limit" in request.args:
        limit = limit_argument(request)
        items = list(islice(matching, limit + 1))
        if len(items) > limit:
            href = f"{address}{request.path}?limit={limit}&marker={items[limit - 1]['id']}"
            body[f"{name}_links"] = [{"rel": "next", "href": href}]
        items = items[:limit]
    else:
        items = list(matching)
    fields = [str(field) for field in request.args.getlist("fields") or []]
    body[name] = [{key: item[key] for key in fields if key in item} for item in items] if fields else items
    return body
