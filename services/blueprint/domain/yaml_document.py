"""YAML from others: read with limits on size, depth and aliases, and with the line of every place in it."""

from dataclasses import dataclass
from typing import Any

import yaml

MOST_BYTES = 1_000_000
MOST_DEPTH = 40
MOST_NODES = 50_000


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


def read_yaml(text: str) -> YamlDocument:
    """Return the document in ``text``; raises YamlRefused. Nothing is built before the limits are checked."""
    if len(text.encode()) > MOST_BYTES:
        raise YamlRefused(f"The file has more than {MOST_BYTES} bytes.")
    _check_events(text)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        value = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise _refused(error) from error
    lines: dict[str, int] = {}
    if node is not None:
        _note_lines(node, "", lines)
    return YamlDocument(value, lines)


def _check_events(text: str) -> None:
    depth = nodes = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise YamlRefused("Anchors and aliases are not taken: write it out.", _line(event))
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            nodes += isinstance(event, yaml.NodeEvent)
            if depth > MOST_DEPTH or nodes > MOST_NODES:
                limit = f"deeper than {MOST_DEPTH}" if depth > MOST_DEPTH else f"more than {MOST_NODES} values"
                raise YamlRefused(f"The document is {limit}.", _line(event))
    except yaml.YAMLError as error:
        raise _refused(error) from error


def _line(event: yaml.Event) -> int | None:
    return event.start_mark.line + 1 if event.start_mark else None


def _refused(error: yaml.YAMLError) -> YamlRefused:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return YamlRefused(f"It is no YAML: {problem}.", mark.line + 1 if mark else None)


def _check_keys(node: yaml.MappingNode) -> None:
    """Refuse a key that is there twice: readers differ in which of the two counts."""
    seen: set[str] = set()
    for key, _ in node.value:
        name = str(key.value)
        if name in seen:
            raise YamlRefused(f"The key {name} is there twice.", key.start_mark.line + 1)
        seen.add(name)


def _note_lines(node: yaml.Node, pointer: str, lines: dict[str, int]) -> None:
    lines[pointer] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        _check_keys(node)
        for key, value in node.value:
            _note_lines(value, f"{pointer}/{str(key.value).replace('~', '~0').replace('/', '~1')}", lines)
            lines[f"{pointer}/{key.value}"] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, f"{pointer}/{index}", lines)
