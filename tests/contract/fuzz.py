"""Requests made from an OpenAPI document by chance: valid ones, nearly valid ones and nonsense, from one seed."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

NASTY: tuple[Any, ...] = (
    *(
        "",
        " ",
        "a",
        "é",
        "\0",
        "a\0b",
        "\ud7ff",
        "😀" * 40,
        "../..",
        "%00",
        "'; --",
        "{}",
        "x" * 3000,
        "null",
        "-1",
        "1e9",
    ),
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63) - 1, 1.5, 1e308),
    *([], {}, [None], {"": None}, [[[[]]]], {"a": {"a": {"a": 1}}}),
)


@dataclass(frozen=True)
class Request:
    """One request; ``body`` is None where none is sent, else a JSON value or raw bytes."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    body: Any = None


class Fuzz:
    """Makes requests for the operations of one document; ``known`` gives real values to path parameters by name."""

    def __init__(self, document: dict[str, Any], known: dict[str, list[str]], seed: int) -> None:
        self._document = document
        self._known = known
        self._random = Random(seed)
        kinds: dict[str, Callable[[dict[str, Any], int], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._integer,
            "number": self._integer,
            "boolean": lambda _schema, _depth: self._random.random() < 0.5,
            "null": lambda _schema, _depth: None,
        }
        self._kinds = kinds

    def requests(self, each: int) -> Iterator[Request]:
        """Return ``each`` requests for every public operation that is no stream and no socket."""
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                if (
                    operation["x-exposure"] == "public"
                    and not operation.get("x-stream")
                    and not operation.get("x-socket")
                ):
                    for _ in range(each):
                        yield self._request(method.upper(), path, operation)

    def _request(self, method: str, path: str, operation: dict[str, Any]) -> Request:
        filled = re.sub(r"{(\w+)}", lambda match: self._part(match[1]), path)
        queries = [one for one in operation["parameters"] if one["in"] == "query"]
        query = [(one["name"], str(self._value(one["schema"]))) for one in queries if self._random.random() < 0.6]
        if self._random.random() < 0.1:
            query.append((self._text(), self._text()))
        return Request(method, filled, query, self._body(operation) if "requestBody" in operation else None)

    def _part(self, name: str) -> str:
        known = self._known.get(name, [])
        return quote(
            self._random.choice(known) if known and self._random.random() < 0.5 else self._text() or "-", safe=""
        )

    def _body(self, operation: dict[str, Any]) -> Any:
        chance = self._random.random()
        if chance < 0.05:
            return self._random.choice([b"", b"{", b"\xff", b"[" * 3000, b'{"a":1e999}', b"\xef\xbb\xbf{}"])
        content = operation["requestBody"]["content"]
        if "application/json" not in content:
            return self._random.choice([b"", b"\x1f\x8b", b"\0" * 1024, self._text().encode(errors="replace")])
        return self._value(content["application/json"]["schema"])

    def _value(self, schema: dict[str, Any], depth: int = 0) -> Any:
        if self._random.random() < 0.12:
            return self._random.choice(NASTY)
        if "$ref" in schema:
            return self._value(self._document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], depth)
        if "anyOf" in schema:
            return self._value(self._random.choice(schema["anyOf"]), depth)
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        make = self._kinds.get(schema.get("type", ""))
        return make(schema, depth) if make else self._random.choice(NASTY)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        wanted = schema.get("required", [])
        chosen = [name for name in schema.get("properties", {}) if name in wanted or self._random.random() < 0.5]
        made = {name: self._value(schema["properties"][name], depth + 1) for name in chosen}
        if self._random.random() < 0.05:
            made[self._text()] = 1
        return made

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        return [
            self._value(schema.get("items", {}), depth + 1)
            for _ in range(self._random.randint(0, 3 if depth < 4 else 0))
        ]

    def _string(self, schema: dict[str, Any], _depth: int) -> str:
        if schema.get("format") == "date-time":
            return self._random.choice(["2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00"])
        length = self._random.randint(schema.get("minLength", 0), min(schema.get("maxLength", 40), 60))
        return "".join(self._random.choice("abcxyz019-._@ é\U0001f600") for _ in range(length))

    def _integer(self, schema: dict[str, Any], _depth: int) -> int:
        low, high = int(schema.get("minimum", -(2**40))), int(schema.get("maximum", 2**70))
        return self._random.choice([low, high, self._random.randint(low, high)])

    def _text(self) -> str:
        return self._random.choice([text for text in NASTY if isinstance(text, str)])
