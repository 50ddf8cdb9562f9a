"""What runs, since when, how often it was started again, and whether it answers."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from lab.launcher.readiness import look
from lab.openstack import programs
from lab.openstack.cloud import OpenStack

ANSWERS = (200, 300)


@dataclass(frozen=True)
class Line:
    """One process: ``pid`` None means that it does not run; ``remark`` says what a person should know."""

    name: str
    pid: int | None
    ready: bool
    restarts: int = 0
    age_seconds: float | None = None
    remark: str = ""

    def to_json(self) -> dict[str, Any]:
        """The line for programs."""
        return asdict(self)


def lines_of(cloud: OpenStack) -> list[Line]:
    """Every process of a cloud, in the order of needs."""
    kept = {one["name"]: one for one in cloud.supervisor.kept()} if cloud.supervisor.running() else {}
    rabbit = Line(programs.RABBITMQ, cloud.rabbit.pid, cloud.rabbit.running())
    return [rabbit, *(_line(program, kept.get(program.name)) for program in programs.every(cloud.settings))]


def _line(program: programs.Program, kept: dict[str, Any] | None) -> Line:
    if kept is None:
        return Line(program.name, None, False, remark="not started")
    ready, remark = _answers(program) if kept["pid"] else (False, f"ended with exit code {kept['exit_code']}")
    return Line(program.name, kept["pid"], ready, kept["restarts"], kept["age_seconds"], remark)


def _answers(program: programs.Program) -> tuple[bool, str]:
    """A worker has no door: it is taken for ready when it runs."""
    if program.door is None:
        return True, ""
    code, body = look(*program.door)
    return (True, "") if code in ANSWERS else (False, " ".join(body.split())[:100])


def table_of(lines: list[Line]) -> Table:
    """The lines as people read them."""
    table = Table(box=None, pad_edge=False)
    for heading in ("process", "pid", "since", "restarts", "ready", ""):
        table.add_column(heading, justify="right" if heading in ("pid", "since", "restarts") else "left")
    for line in lines:
        since = "-" if line.age_seconds is None else f"{line.age_seconds:.0f} s"
        ready = "[green]yes[/]" if line.ready else "[red]no[/]"
        table.add_row(line.name, str(line.pid or "-"), since, str(line.restarts), ready, line.remark)
    return table
