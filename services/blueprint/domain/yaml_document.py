"""YAML from others: read with limits on size, depth and aliases, and with the line of every place in it.

What comes out is what JSON can say: texts, whole numbers of 64 bits, finite numbers, truth values, null, lists, and
mappings by text. A date is the text that was written.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

MOST_BYTES = 1_000_000
MOST_DEPTH = 40
MOST_NODES = 10_000
_MOST_NUMBER_CHARACTERS = 80
_MOST_KEY_CHARACTERS = 500
_MOST_POINTER_CHARACTERS = 4_000_000
"""Of all places together: each holds the names of all that is around it."""
_DIGITS = "0123456789+-_:."
_LARGEST = 2**63 - 1
_SHOWN = 80
_KEPT = 4
_TAG = "tag:yaml.org,2002:"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class YamlRefused(ValueError):
    """The text is no YAML that is taken here; ``line`` is counted from 1."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class YamlDocument:
    """A document and the lines of its places, by JSON pointer."""

    value: Any
    lines: dict[str, int]

    def line_of(self, pointer: str) -> int | None:
        """Return the line of a place, or of the nearest one around it."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer)


@lru_cache(maxsize=_KEPT)
def read_yaml(text: str) -> YamlDocument:
    """Return the document in ``text``; raises YamlRefused. Nothing is built before the limits are checked.

    A template is looked at from several sides: the last documents are kept, and nobody changes one.
    """
    if len(text.encode()) > MOST_BYTES:
        raise YamlRefused(f"The file has more than {MOST_BYTES} bytes.")
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _refused(error) from error
    reader = _Reader()
    value = None if node is None else reader.value(node, "")
    return YamlDocument(value, reader.lines)


class _Loader(yaml.CSafeLoader):
    """Resolves plain texts as YAML 1.1 does, except that dates, merges and defaults stay texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.removeprefix(_TAG) in ("bool", "int", "float", "null")]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass
class _Reader:
    """Builds the value of a tree, and notes the line of each place."""

    lines: dict[str, int] = field(default_factory=dict)
    _numbers: yaml.constructor.SafeConstructor = field(default_factory=yaml.constructor.SafeConstructor)
    _pointer_characters: int = 0

    def value(self, node: yaml.Node, pointer: str) -> Any:
        """Return what ``node`` stands for. Raises YamlRefused."""
        self._note(pointer, node)
        kind = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return dict(self._items(node, pointer))
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self.value(inner, f"{pointer}/{index}") for index, inner in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, kind)
        raise YamlRefused(f"The tag {_shown(node.tag)} is not taken.", _line(node))

    def _items(self, node: yaml.MappingNode, pointer: str) -> Iterator[tuple[str, Any]]:
        """Yield a mapping's items. A key that is there twice is refused: readers differ in which of the two counts."""
        seen: set[str] = set()
        for key, inner in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlRefused("A key is a list or a mapping: it must be a text.", _line(key))
            if key.tag != f"{_TAG}str":
                raise YamlRefused(f"The key {_shown(key.value)} is no text: put it in quotes.", _line(key))
            name = self._scalar(key, "str")
            if len(name) > _MOST_KEY_CHARACTERS:
                raise YamlRefused(f"A key has more than {_MOST_KEY_CHARACTERS} characters.", _line(key))
            if name in seen:
                raise YamlRefused(f"The key {_shown(name)} is there twice.", _line(key))
            seen.add(name)
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            value = self.value(inner, place)
            self._note(place, key)
            yield name, value

    def _scalar(self, node: yaml.ScalarNode, kind: str) -> Any:
        text: str = node.value
        if kind == "str":
            if _UNPRINTABLE.search(text):
                raise YamlRefused("A text holds a control character.", _line(node))
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in yaml.constructor.SafeConstructor.bool_values:
            return yaml.constructor.SafeConstructor.bool_values[text.lower()]
        if kind in ("int", "float"):
            return self._number(node, kind)
        raise YamlRefused(f"The tag {_shown(node.tag)} is not taken.", _line(node))

    def _number(self, node: yaml.ScalarNode, kind: str) -> Any:
        try:
            read = self._numbers.construct_yaml_int if kind == "int" else self._numbers.construct_yaml_float
            number = read(node) if len(node.value) <= _MOST_NUMBER_CHARACTERS else math.inf
        except (ValueError, IndexError, OverflowError) as error:
            raise YamlRefused(f"{_shown(node.value)} is no number.", _line(node)) from error
        if not math.isfinite(number) or (kind == "int" and abs(number) > _LARGEST):
            raise YamlRefused(f"The number {_shown(node.value)} is not finite, or too large.", _line(node))
        return number

    def _note(self, pointer: str, node: yaml.Node) -> None:
        self.lines[pointer] = node.start_mark.line + 1
        self._pointer_characters += len(pointer)
        if self._pointer_characters > _MOST_POINTER_CHARACTERS:
            raise YamlRefused("The keys are too long, all together.", _line(node))


def _check_events(text: str) -> None:
    depth = nodes = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise YamlRefused("Anchors and aliases are not taken: write it out.", _line(event))
        if isinstance(event, yaml.ScalarEvent) and _is_endless(event):
            raise YamlRefused(f"The number {_shown(event.value)} is too large.", _line(event))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > MOST_DEPTH or nodes > MOST_NODES:
            limit = f"deeper than {MOST_DEPTH}" if depth > MOST_DEPTH else f"more than {MOST_NODES} values"
            raise YamlRefused(f"The document is {limit}.", _line(event))


def _is_endless(event: yaml.ScalarEvent) -> bool:
    """Tell a number that is too long even to be looked at as one, which costs 45 bytes a digit."""
    plain = event.implicit[0] and len(event.value) > _MOST_NUMBER_CHARACTERS
    return bool(plain and not event.value.strip(_DIGITS))


def _line(place: yaml.Event | yaml.Node) -> int | None:
    return place.start_mark.line + 1 if place.start_mark else None


def _shown(text: str) -> str:
    """Return what an error says of a text that may be of any length."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _refused(error: yaml.YAMLError) -> YamlRefused:
    mark = getattr(error, "problem_mark", None)
    problem = _shown(str(getattr(error, "problem", None) or error))
    return YamlRefused(f"It is no YAML: {problem}.", mark.line + 1 if mark else None)
