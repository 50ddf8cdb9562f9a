"""The process that validates one blueprint: a task comes in by stdin, findings go out by stdout, as JSON."""

import resource
import sys
from typing import Any

import msgspec

from services.blueprint.domain.validation import validate_blueprint
from services.contracts.blueprint import ElementVersion

_MEMORY_BYTES = 2 * 2**30


class Task(msgspec.Struct, frozen=True):
    """What there is to validate: files as text by path, the schema of blueprint.yaml, the catalogue's elements."""

    files: dict[str, str]
    schema: dict[str, Any]
    elements: dict[str, dict[str, ElementVersion]]


def main() -> int:
    """Validate what stdin holds; returns the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    files = {path: text.encode() for path, text in task.files.items()}
    sys.stdout.buffer.write(msgspec.json.encode(validate_blueprint(files, task.schema, task.elements)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
