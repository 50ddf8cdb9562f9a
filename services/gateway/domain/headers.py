"""Which headers cross the door. Inwards by a list, so that nobody outside can say what only services say."""

import re
from collections.abc import Iterable, Mapping

from services.gateway.exceptions import BadRequest

_INWARDS = (
    "accept",
    "accept-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
    "user-agent",
)
_STAY_INSIDE = frozenset(
    {
        "connection",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "x-request-id",
    }
)
"""Hop-by-hop ones (RFC 9110, section 7.6.1) and those that the door writes itself."""
_INTERNAL_PREFIX = "x-cloudpoint-"
_BREAK = re.compile(r"[\r\n\0]")


def inwards(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what a service behind gets of a client's headers; raises BadRequest for one that would become two."""
    found = {name: headers[name] for name in _INWARDS if name in headers}
    if _BREAK.search("".join(found.values())):
        raise BadRequest()
    return found


def outwards(headers: Iterable[tuple[str, str]], connection: str = "") -> dict[str, str]:
    """Return what a client gets of a service's headers; ``connection`` names more that end here."""
    named = {name.strip().lower() for name in connection.split(",")}
    return {
        name: value
        for name, value in headers
        if name.lower() not in _STAY_INSIDE | named and not name.lower().startswith(_INTERNAL_PREFIX)
    }
