"""Names that become file names: only what is a host's name or an id is taken."""

import re
from collections.abc import Sequence

from services.chassis.errors import FieldProblem, InvalidRequest
from services.contracts.runs import StreamHost

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A label of a host name (RFC 1123, section 2.1)."""
_SESSION = re.compile(r"[a-z0-9]+_[a-z0-9]{1,64}")


def check_session(session_id: str) -> None:
    """Raise InvalidRequest unless ``session_id`` has the form of an id."""
    if not _SESSION.fullmatch(session_id):
        raise InvalidRequest(
            "The session's id is not valid.",
            errors=(FieldProblem("/session_id", "It is not an id.", "Such as run_01jd7v…"),),
        )


def check_hosts(hosts: Sequence[StreamHost]) -> None:
    """Raise InvalidRequest with every host whose name is not valid, is there twice, or whose port is none."""
    problems: list[FieldProblem] = []
    seen: set[str] = set()
    for index, host in enumerate(hosts):
        if not _HOST.fullmatch(host.name):
            problems.append(FieldProblem(f"/hosts/{index}/name", f"{host.name!r} is not a host's name."))
        if host.name in seen:
            problems.append(FieldProblem(f"/hosts/{index}/name", f"{host.name} is there twice."))
        if not 0 < host.port < 65536:
            problems.append(FieldProblem(f"/hosts/{index}/port", "A port is between 1 and 65535."))
        seen.add(host.name)
    if problems:
        raise InvalidRequest("The hosts are not valid.", errors=tuple(problems))
