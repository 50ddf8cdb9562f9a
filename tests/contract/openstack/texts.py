"""Texts of two clouds made comparable: what differs from run to run gives way to a word in angle brackets."""

import re

_RULES = (
    (r"https?://[^/\s\"']+", "<address>"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}:\d+\b", "<host and port>"),
    (r"req-[0-9a-f-]{36}", "<request>"),
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>"),
    # Heat cuts the reasons of events off, in the middle of an id too.
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{0,12}){1,4}$", "<id>"),
    (r"\b[0-9a-f]{32}\b", "<hex id>"),
    (r"\d{4}-\d\d-\d\d[T ][\d:]{8}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", "<time>"),
    (r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b", "<mac>"),
    (r"-[a-z0-9]{12}\b", "-<nested>"),
)


def masked(text: str, names: dict[str, str]) -> str:
    """Return a text without what is of one run or one cloud; ``names`` are further texts and what to put for them."""
    for name, word in sorted(names.items(), key=lambda item: -len(item[0])):
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", f"<{word}>", text)
    for pattern, word in _RULES:
        text = re.sub(pattern, word, text)
    return text
