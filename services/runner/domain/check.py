"""Whether a run can be started as it is asked for: everything that is wrong with it, at once."""

import re
from collections.abc import Iterator

from services.chassis.errors import FieldProblem, InvalidRequest
from services.contracts.runs import RunCheck, RunElement, StartRun
from services.runner.domain.playbook import PHASES

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A label of a host name (RFC 1123, section 2.1); elements and roles are named by the same rule."""
_RUN = re.compile(r"run_[a-z0-9]{1,64}")
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
"""A file below a folder, never above it."""
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]*")
_PROJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECRET = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check(run: StartRun) -> None:
    """Raise InvalidRequest with every problem of ``run``. Names become file names and Ansible's words: no others."""
    problems = tuple(_problems(run))
    if problems:
        raise InvalidRequest("The run can't be started.", errors=problems)


def _problems(run: StartRun) -> Iterator[FieldProblem]:
    if not _RUN.fullmatch(run.run_id):
        yield FieldProblem("/run_id", "It is not the id of a run.", "Such as run_01jd7v…")
    if run.phase not in PHASES:
        yield FieldProblem("/phase", f"{run.phase!r} is no phase.", f"Known are: {', '.join(PHASES)}.")
    if not run.elements and not run.checks:
        yield FieldProblem("/elements", "At least one element is needed.")
    if run.checks and run.phase != "verify":
        yield FieldProblem("/checks", f"Checks are not for phase {run.phase}.")
    yield from _host_problems(run)
    yield from _element_problems(run)
    yield from _check_problems(run)


def _host_problems(run: StartRun) -> Iterator[FieldProblem]:
    seen: set[str] = set()
    for index, host in enumerate(run.hosts):
        place = f"/hosts/{index}"
        if not _NAME.fullmatch(host.name):
            yield FieldProblem(f"{place}/name", f"{host.name!r} is not a host's name.")
        if host.name in seen:
            yield FieldProblem(f"{place}/name", f"{host.name} is there twice.")
        if not _NAME.fullmatch(host.role):
            yield FieldProblem(f"{place}/role", f"{host.role!r} is not a role's name.")
        if not host.host_keys or any("\n" in key for key in host.host_keys):
            yield FieldProblem(f"{place}/host_keys", "Pinned host keys are needed, one line each.", "Probe the host.")
        for name in host.variables:
            if name.startswith("ansible_") or not name.isidentifier():
                yield FieldProblem(f"{place}/variables", f"{name!r} can't be the name of a variable here.")
        seen.add(host.name)


def _element_problems(run: StartRun) -> Iterator[FieldProblem]:
    known = {host.name for host in run.hosts}
    taken: set[tuple[str, str]] = set()
    for index, element in enumerate(run.elements):
        place = f"/elements/{index}"
        if not _NAME.fullmatch(element.name):
            yield FieldProblem(f"{place}/name", f"{element.name!r} is not an element's name.")
        yield from _part_problems(place, element, known)
        for host in element.hosts:
            if (element.name, host) in taken:
                yield FieldProblem(f"{place}/hosts", f"{element.name} is to go to {host} twice.")
            taken.add((element.name, host))
        for name in element.secrets:
            if not _SECRET.fullmatch(name):
                yield FieldProblem(f"{place}/secrets", f"{name!r} is not a secret's name.")


def _check_problems(run: StartRun) -> Iterator[FieldProblem]:
    known = {host.name for host in run.hosts}
    taken = {element.name for element in run.elements}
    for index, one in enumerate(run.checks):
        place = f"/checks/{index}"
        for field, pattern in (("name", _NAME), ("blueprint", _NAME), ("version", _VERSION), ("playbook", _PATH)):
            if not pattern.fullmatch(getattr(one, field)):
                yield FieldProblem(f"{place}/{field}", f"{getattr(one, field)!r} is not a check's {field}.")
        if one.name in taken:
            yield FieldProblem(f"{place}/name", f"{one.name} is the name of another check or element of this run.")
        taken.add(one.name)
        yield from _part_problems(place, one, known)


def _part_problems(place: str, part: RunElement | RunCheck, known: set[str]) -> Iterator[FieldProblem]:
    if part.owner is not None and not _PROJECT.fullmatch(part.owner):
        yield FieldProblem(f"{place}/owner", f"{part.owner!r} is not the id of a project.")
    if not part.hosts:
        yield FieldProblem(f"{place}/hosts", "At least one host is needed.")
    if part.timeout_seconds < 1:
        yield FieldProblem(f"{place}/timeout_seconds", "At least one second is needed.")
    for host in part.hosts:
        if host not in known:
            yield FieldProblem(f"{place}/hosts", f"{host} is not among the run's hosts.")
