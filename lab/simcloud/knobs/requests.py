"""What the bodies of requests to the knobs' API must hold."""

from typing import Any

import msgspec

from lab.simcloud.errors import bad_request


def converted(raw: Any, kind: Any) -> Any:
    """A decoded body as a record; 400 for an unknown field or a wrong type."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise bad_request(str(error)) from error


def require_right(mistakes: list[str]) -> None:
    """400 with all mistakes, if there are any."""
    if mistakes:
        raise bad_request("; ".join(mistakes))
