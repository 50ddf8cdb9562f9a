"""An operation as a picture: its steps, and every element on every host."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cloudpoint.command.output import STATE_STYLES, seconds_text, taken
from cloudpoint.generated import types

_STEP_MARKS = {
    "pending": ("·", "dim"),
    "running": ("▶", "cyan"),
    "waiting": ("▶", "cyan"),
    "retrying": ("↻", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
}
_CELL_MARKS = {
    "pending": ("·", "dim"),
    "running": ("▶", "cyan"),
    "ok": ("✓", "green"),
    "changed": ("✓", "green"),
    "skipped": ("-", "dim"),
    "failed": ("✗", "red"),
    "unreachable": ("!", "red"),
}
_HOSTS_SHOWN = 40
_PARTS_NAMED = 3
_EVIDENCE_LINES = 15


def picture(operation: types.Operation, matrix: types.Matrix | None) -> RenderableType:
    """Return what a person looks at while an operation goes on."""
    return Group(_title(operation), _steps(operation), *_result(operation, matrix))


def outcome(operation: types.Operation, matrix: types.Matrix | None) -> RenderableType:
    """Return how an operation stands, for one who has seen its steps."""
    return Group(_title(operation), *_result(operation, matrix))


def _result(operation: types.Operation, matrix: types.Matrix | None) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if matrix and matrix.cells:
        parts.append(_matrix(matrix))
    if isinstance(operation.reason, types.Reason):
        parts.append(_reason(operation.reason))
    return parts


def step_line(step: types.StepView, *, with_time: bool = True) -> Text:
    """Return one step as a line: mark, title, time, and what it or its parts say of themselves."""
    mark, style = _STEP_MARKS.get(step.state, ("?", ""))
    undoing = step.phase == "undo"
    if undoing and step.state == "done":
        mark, style = "↶", "yellow"
    line = Text.assemble((f"{mark} ", style), f"undo: {step.title}" if undoing else step.title)
    if with_time and (seconds := taken(step.started_at, step.ended_at)) is not None:
        line.append(f"  {seconds_text(seconds)}", style="dim")
    if step.state not in ("done", "pending"):
        line.append("".join(f"  {note}" for note in _notes(step)), style="dim")
    return line


def _notes(step: types.StepView) -> list[str]:
    """Return the step's note and those of its parts; parts that say the same are told together."""
    parts: dict[str, list[str]] = {}
    for unit in step.units or []:
        if unit.note and unit.state != "done":
            parts.setdefault(unit.note, []).append(unit.key)
    told = [f"{', '.join(keys[:_PARTS_NAMED])}{' …' * (len(keys) > _PARTS_NAMED)}: {n}" for n, keys in parts.items()]
    return [*([step.note] if step.note else []), *told]


def _title(operation: types.Operation) -> Text:
    line = Text(f"{operation.kind}  ", style="bold")
    line.append(operation.state, style=STATE_STYLES.get(operation.state, "cyan"))
    line.append(f"  {seconds_text(taken(operation.started_at, operation.ended_at))}")
    if isinstance(operation.seconds_left, float) and operation.state == "running":
        line.append(f"  about {seconds_text(operation.seconds_left)} left", style="dim")
    line.append(f"  {operation.id}", style="dim")
    return line


def _steps(operation: types.Operation) -> RenderableType:
    return Group(*(step_line(step) for step in operation.steps))


def _matrix(matrix: types.Matrix) -> Table:
    cells = {(cell.host, cell.element): cell for cell in matrix.cells}
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("host", no_wrap=True)
    for element in matrix.elements:
        table.add_column(element, justify="center", vertical="bottom", overflow="fold")
    for host in matrix.hosts[:_HOSTS_SHOWN]:
        table.add_row(host, *(_cell(cells.get((host, element))) for element in matrix.elements))
    if len(matrix.hosts) > _HOSTS_SHOWN:
        table.caption = f"and {len(matrix.hosts) - _HOSTS_SHOWN} more hosts"
    return table


def _cell(cell: types.Cell | None) -> Text:
    if cell is None:
        return Text("")
    mark, style = _CELL_MARKS.get(cell.state, ("?", ""))
    return Text(mark, style=style)


def _reason(reason: types.Reason) -> Panel:
    """Return why it failed; of long evidence the end, which is where a log says what was wrong."""
    evidence = (reason.evidence or "").rstrip().splitlines()
    told = [reason.sentence, ""]
    if len(evidence) > _EVIDENCE_LINES:
        told.append(f"({len(evidence) - _EVIDENCE_LINES} lines before; all of it: cloudpoint operation show -o json)")
    told += evidence[-_EVIDENCE_LINES:]
    if reason.runbook:
        told += ["", f"Runbook: {reason.runbook}"]
    return Panel(
        Text("\n".join(told).rstrip()), title=reason.slug, border_style="red", title_align="left", expand=False
    )
