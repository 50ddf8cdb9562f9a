"""Check the clouds that clusters are built on, and say what to mend; for operators."""

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from datetime import UTC, datetime

import click
from rich.table import Table
from rich.text import Text

from cloudpoint import ApiProblem, ConnectionFailed, UnreadableAnswer
from cloudpoint.command import exits
from cloudpoint.command.exits import Stop
from cloudpoint.command.output import STATE_STYLES, show_list
from cloudpoint.command.session import Session, with_session
from cloudpoint.generated import types
from cloudpoint.sdk.clouds import SERVICES

_MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}
_STATES = ("ok", "warning", "failed", "unchecked")
_REFUSALS = (401, 403)


@click.command()
@click.option("--cloud", "wanted", multiple=True, help="Only this cloud; may be given several times.")
@click.option("--project", help="As which project clouds are looked at; the one in use, or any, if left out.")
@with_session
def doctor(session: Session, wanted: tuple[str, ...], project: str | None) -> None:
    """Check the clouds that clusters are built on, and say what to mend (for operators).

    Looks at log-ins, clock, catalogue, roles, quotas, flavors, image, network and machines, and changes nothing.
    docs/operator/your-openstack.md explains every check. Exit code 1: a check failed.
    """
    clouds = _clouds(session, wanted)
    looked_as = _project(session, project)
    reports = _reports(session, clouds, looked_as)
    if session.json:
        show_list(session, reports, ())
    else:
        _show(session, reports, looked_as)
    failed = any(finding.state == "failed" for report in reports for finding in report.findings)
    sys.exit(exits.OPERATION_FAILED if failed else exits.OK)


def _clouds(session: Session, wanted: tuple[str, ...]) -> list[str]:
    known = [cloud.id for cloud in session.operator.clouds.list()]
    if lost := [name for name in wanted if name not in known]:
        raise Stop(exits.NOT_FOUND, f"There is no cloud {lost[0]}. There are: {', '.join(known)}.")
    return list(wanted) or known


def _project(session: Session, wanted: str | None) -> types.Project | None:
    """Return the project that is named, in use, or any; None where there is none yet."""
    found = list(session.operator.projects.list())
    named = wanted or session.settings.project
    mine = [item for item in found if named in (item.id, item.name)]
    if wanted and len(mine) != 1:
        raise Stop(exits.NOT_FOUND, f"{len(mine)} projects have the id or name {wanted}; say an id.")
    return next(iter(mine or found), None)


def _reports(session: Session, clouds: list[str], project: types.Project | None) -> list[types.CloudReport]:
    """Have all services check all clouds side by side, and say how far it is; in the order of clouds and services."""
    asked = [(cloud, service) for cloud in clouds for service in SERVICES]
    project_id = project.id if project else None
    for_people = session.console.is_terminal and not session.json
    status = session.console.status("Checking …") if for_people else nullcontext()
    with status as shown, ThreadPoolExecutor(max_workers=max(1, len(asked))) as threads:
        running = {threads.submit(_report, session, *one, project_id): one for one in asked}
        for done in as_completed(running):
            cloud, service = running[done]
            left = ", ".join(f"{name} of {place}" for future, (place, name) in running.items() if not future.done())
            if shown is not None:
                shown.update(f"Checking {left} …")
            else:
                click.echo(f"{cloud}: {service} is checked.", err=True)
    return [future.result() for future in running]


def _report(session: Session, cloud: str, service: str, project: str | None) -> types.CloudReport:
    """Return a service's report; one that does not come is a finding too, unless the person may not ask for it."""
    try:
        return session.operator.clouds.check(cloud, service, project)
    except ApiProblem as problem:
        if problem.status in _REFUSALS:
            raise
        if problem.status == 404:
            mend = f"Write clouds.{cloud} to the configuration of {service}."
            return _missing(cloud, service, f"The service {service} does not know this cloud.", mend)
        return _missing(cloud, service, problem.document.detail, f"See the log of {service}.")
    except (ConnectionFailed, UnreadableAnswer) as failure:
        return _missing(cloud, service, str(failure), f"See whether {service} and the gateway run, and their logs.")


def _missing(cloud: str, service: str, sentence: str, what_to_mend: str) -> types.CloudReport:
    finding = types.CloudFinding(check="report", state="failed", sentence=sentence, what_to_mend=what_to_mend)
    return types.CloudReport(cloud_id=cloud, service=service, looked_at=datetime.now(UTC), findings=[finding])


def _show(session: Session, reports: list[types.CloudReport], project: types.Project | None) -> None:
    """Print a table a cloud, grouped by service, and the sum of it all."""
    seen_as = f", as the project {project.name} sees it" if project else ""
    for cloud in dict.fromkeys(report.cloud_id for report in reports):
        session.console.print(Text(f"{cloud}{seen_as}", style="bold"))
        session.console.print(_table([report for report in reports if report.cloud_id == cloud]))
    counts = Counter(finding.state for report in reports for finding in report.findings)
    said = ", ".join(
        f"{counts[state]} {state}" for state in (*_STATES, *sorted(set(counts) - {*_STATES})) if counts[state]
    )
    session.console.print(f"{counts.total()} checks: {said}.")


def _table(reports: list[types.CloudReport]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for overflow in ("ignore", "ignore", "ignore", "fold"):
        table.add_column(no_wrap=overflow == "ignore", overflow="fold")
    for report in reports:
        for number, finding in enumerate(report.findings):
            style = STATE_STYLES.get(finding.state, "")
            mark = Text(_MARKS.get(finding.state, "·"), style=style)
            table.add_row(
                Text("" if number else report.service), mark, Text(finding.check, style=style), _words(finding)
            )
    return table


def _words(finding: types.CloudFinding) -> Text:
    """Return what was found; of what is not good also what to mend, and what the cloud said."""
    words = Text(finding.sentence)
    if finding.state == "ok":
        return words
    if finding.what_to_mend:
        words.append(f"\n→ {finding.what_to_mend}")
    if finding.evidence:
        words.append(f"\n{finding.evidence}", style="dim")
    return words


COMMANDS = (doctor,)
