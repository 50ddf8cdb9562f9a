"""Which operation of which service a request is for, by the composed document of its listener."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from services.chassis.errors import NotFound
from services.gateway.exceptions import WrongMethod

_VALUE = re.compile(r"[A-Za-z0-9._~@:+-]{1,255}")
"""What a path parameter may be: no encoded slash, no dot segment can reach a service behind (RFC 3986, 3.3)."""


@dataclass(frozen=True)
class Operation:
    """One operation of a service, as its document declares it. ``body_bytes`` is its own limit, if it has one."""

    service: str
    method: str
    path: str
    permission: str | None
    open: bool
    stream: bool
    socket: bool
    needs_key: bool
    body_bytes: int | None

    @property
    def reads(self) -> bool:
        """Whether a request changes nothing (a WebSocket may)."""
        return self.method == "GET" and not self.socket

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class _Place:
    literals: dict[str, "_Place"] = field(default_factory=dict)
    parameter: "_Place | None" = None
    operations: dict[str, Operation] = field(default_factory=dict)


class Catalogue:
    """All operations of one listener."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._root = _Place()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                self._add(_operation(path, method.upper(), operation))

    def find(self, method: str, path: str) -> Operation:
        """Return the operation for ``path`` as it stands in the request line, without the query.

        Raises NotFound for an address that no route has, WrongMethod for one that has others.
        """
        allowed: set[str] = set()
        for place in _places(self._root, path.split("/")[1:]):
            if method in place.operations:
                return place.operations[method]
            allowed.update(place.operations)
        if not allowed:
            raise NotFound()
        raise WrongMethod(tuple(sorted(allowed)))

    def services(self) -> set[str]:
        """Return the services that any operation is of."""
        return {operation.service for place in _all(self._root) for operation in place.operations.values()}

    def largest_body(self) -> int:
        """Return the largest own limit of any operation, in bytes."""
        return max((one.body_bytes or 0 for place in _all(self._root) for one in place.operations.values()), default=0)

    def _add(self, operation: Operation) -> None:
        place = self._root
        for part in operation.path.split("/")[1:]:
            if part.startswith("{"):
                place.parameter = place.parameter or _Place()
                place = place.parameter
            else:
                place = place.literals.setdefault(part, _Place())
        place.operations[operation.method] = operation


def _places(place: _Place, parts: list[str]) -> Iterator[_Place]:
    """Yield the places that ``parts`` lead to, the most literal first."""
    if not parts:
        if place.operations:
            yield place
        return
    part, rest = parts[0], parts[1:]
    if part in place.literals:
        yield from _places(place.literals[part], rest)
    if place.parameter and _VALUE.fullmatch(part) and part not in (".", ".."):
        yield from _places(place.parameter, rest)


def _all(place: _Place) -> Iterator[_Place]:
    yield place
    for inner in (*place.literals.values(), *([place.parameter] if place.parameter else [])):
        yield from _all(inner)


def _operation(path: str, method: str, operation: dict[str, Any]) -> Operation:
    return Operation(
        service=operation["x-service"],
        method=method,
        path=path,
        permission=operation.get("x-permission"),
        open=operation.get("security") == [],
        stream=operation.get("x-stream", False),
        socket=operation.get("x-socket", False),
        needs_key=any(p["name"] == "Idempotency-Key" and p["required"] for p in operation.get("parameters", ())),
        body_bytes=operation.get("x-body-bytes"),
    )
