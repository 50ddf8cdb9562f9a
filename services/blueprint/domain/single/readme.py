"""The page of a blueprint that was made from one template: what became of what."""

from collections.abc import Iterator

from services.blueprint.domain.blueprint import GIVEN
from services.blueprint.domain.single.machines import Machines
from services.blueprint.domain.single.rewriting import known_by_platform
from services.blueprint.domain.single.template import Template


def readme(template: Template, machines: list[Machines], asked: dict[str, str]) -> str:
    """Return the page, in Markdown."""
    return "\n".join([*_lines(template, machines, asked), ""])


def _lines(template: Template, machines: list[Machines], asked: dict[str, str]) -> Iterator[str]:
    yield f"# Made from {template.path}"
    yield ""
    yield str(template.document.value.get("description") or "A template of one file.").strip()
    yield ""
    yield "| role | made by | flavor, and class of machines | how many |"
    yield "|---|---|---|---|"
    for one in machines:
        count = f"`{asked[one.count]}`" if isinstance(one.count, str) else one.count
        yield f"| {one.role} | `{one.resource}` | {one.flavor} | {count} |"
    yield ""
    yield "The platform names the machines, marks them and has them trust the cluster's SSH authority."
    for name, given in known_by_platform(template, machines).items():
        what = f"the platform gives the cloud's {given}" if name != given or given in GIVEN else "a flavor is fixed"
        yield f"The parameter `{name}` is not asked: {what}."
    for old, new in asked.items():
        if old != new:
            yield f"The parameter `{old}` is asked as `{new}`."
    yield "To put elements on the machines, download this folder, add them to blueprint.yaml, and upload the folder."
