"""OpenStack's configuration files: sections of options, as oslo.config reads them."""

from collections.abc import Mapping

Value = str | int | float | bool | tuple[str, ...]
Section = Mapping[str, Value]
Sections = Mapping[str, Section]


def render(sections: Sections) -> str:
    """The text of a file. A tuple is a list with commas, and a `$`, which would name another option, is doubled."""
    lines: list[str] = []
    for name, section in sections.items():
        lines += [f"[{name}]", *(f"{key} = {_text(value)}" for key, value in section.items()), ""]
    return "\n".join(lines)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    return str(value).replace("$", "$$")
