"""Take secrets out of every text that leaves a run."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

MASK = "********"
SHORTEST = 4
"""A shorter secret can't be masked: the text around it would be destroyed, or would tell it."""


class Mask:
    """Replaces each secret, in the forms in which tools print one: as it is, by lines, in JSON, in base64, decoded."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(form) for form in ordered)) if ordered else None

    def text(self, text: str) -> str:
        """Return ``text`` without secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """Return a JSON value without secrets, in its texts and in its keys."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        return value


def _forms(secret: str) -> Iterator[str]:
    for plain in (secret, *_decoded(secret)):
        yield plain
        yield plain.strip()
        yield from (line.strip() for line in plain.splitlines())
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        yield repr(plain)[1:-1]
        yield base64.b64encode(plain.encode()).decode().rstrip("=")


def _decoded(secret: str) -> Iterator[str]:
    """Return the text of a secret that is kept as base64; bytes that are no text can't be printed as such either."""
    try:
        yield base64.b64decode(secret, validate=True).decode()
    except (binascii.Error, ValueError):
        return
