"""Who gets past the door of which route: computed by asking each service's own dispatch, and committed as a page.

python -m tests.contract.permission_matrix    write the page anew

Each route keeps its policy and gets a handler that only tells where its caller holds the permission, so that no
database is needed and every refusal is the real one.
"""

import asyncio
import importlib
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from services.chassis.config import ServiceSettings
from services.chassis.context import Process
from services.chassis.routing import Call, NoQuery, Route, RouteTable
from services.chassis.service import Service
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.contracts.permissions import EVERYBODY, MANDATES, MAY_CALL, ROLES, SERVICE_GRANTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/api/permission-matrix.md"
OWN, OTHER = "prj_own", "prj_other"
PEOPLE = ("nobody", "stranger", *ROLES)
HEAD = """# Who may call what

Written by `python -m tests.contract.permission_matrix`; `tests/contract/test_permission_matrix.py` fails when it is not
what the services do.

`own`: in projects where they hold the role; another project's objects are the uniform 404. `all`: in all projects.
`yes`: it is about no project. 401 and 403 are refusals. A *stranger* is logged in and belongs to no project. *Services*
are those that may come in their own name; *mandates* are the kinds of operations under which a service may come. People
come through the gateway, which leads to no internal route.
"""


class Held(msgspec.Struct, frozen=True):
    """Where the caller of a route holds what it asks for."""

    own: bool
    other: bool


async def tell(call: Call[None, None, None]) -> Held:
    """Answer where the caller holds the route's permission."""
    wanted = call.caller.permission
    return Held(call.caller.may(wanted, OWN), call.caller.may(wanted, OTHER))


def all_services() -> list[Service]:
    """Every service of the repository that has routes."""
    names = sorted(path.parent.name for path in (ROOT / "services").glob("*/main.py"))
    found = [importlib.import_module(f"services.{name}.main").SERVICE for name in names]
    return [service for service in found if service.routes]


def page() -> str:
    """Return the page."""
    return asyncio.run(_page())


async def _page() -> str:
    with tempfile.TemporaryDirectory(prefix="cloudpoint-matrix-") as folder:
        authority = Authority(Path(folder))
        return HEAD + "".join([await _section(service, authority) for service in all_services()])


async def _section(service: Service, authority: Authority) -> str:
    head = ["route", "exposure", "permission", *PEOPLE, "services", "mandates"]
    rows = []
    async with running(_probing(service), authority) as one:
        one.process.key_owner = {authority.key(name).thumbprint: name for name in MAY_CALL}.get
        for route in sorted(service.routes, key=lambda route: (route.path, route.method)):
            rows.append(await _row(one, service.name, route, authority))
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(["", f"## {service.name}", "", *(f"| {' | '.join(cells)} |" for cells in lines), ""])


def _probing(service: Service) -> Service:
    table = RouteTable("probe")
    table.routes = [
        replace(
            route,
            handler=tell,
            body=None,
            query=NoQuery,
            status=200,
            stream=False,
            socket=False,
            needs_idempotency_key=False,
        )
        for route in service.routes
    ]
    return Service(service.name, service.summary, ServiceSettings, (table,), _nothing)


@asynccontextmanager
async def _nothing(_process: Process) -> AsyncIterator[None]:
    yield None


async def _row(one: RunningService, audience: str, route: Route, authority: Authority) -> list[str]:
    people = [await _cell(one, route, _person(name, audience, authority)) for name in PEOPLE]
    siblings = {name: _sibling(name, audience, route, authority) for name in MAY_CALL if audience in MAY_CALL[name]}
    mandates = {name: _mandate(name, audience, authority) for name in MANDATES}
    asked = route.permission or ("callers" if route.callers else "open")
    named = [f"`{route.method} {route.path}`", route.exposure.value, asked]
    return [*named, *people, await _names(one, route, siblings), await _names(one, route, mandates)]


async def _names(one: RunningService, route: Route, bearers: Mapping[str, dict[str, str]]) -> str:
    """Those who get past the door; an open route takes anybody, which needs no list."""
    if route.open:
        return ""
    cells = {name: await _cell(one, route, headers) for name, headers in bearers.items()}
    return ", ".join(sorted(name for name, cell in cells.items() if not cell.isdigit()))


async def _cell(one: RunningService, route: Route, headers: dict[str, str]) -> str:
    path = re.sub(r"{\w+}", "x", route.path)
    answer = await one.client.request(route.method, path, headers=headers)
    if answer.status_code in (401, 403):
        return str(answer.status_code)
    assert answer.status_code == 200, f"{route.method} {route.path}: {answer.status_code} {answer.text}"
    if route.permission is None or route.permission in EVERYBODY:
        return "yes"
    held = msgspec.json.decode(answer.content, type=Held)
    return "all" if held.other else "own"


def _person(name: str, audience: str, authority: Authority) -> dict[str, str]:
    if name == "nobody":
        return {}
    role = ROLES.get(name)
    held = sorted(role.permissions) if role else []
    everywhere = sorted(EVERYBODY) + (held if role and role.platform else [])
    projects = {OWN: held} if role and not role.platform else {}
    return authority.pass_for("usr_a", audience, projects=projects, platform=everywhere)


def _sibling(name: str, audience: str, route: Route, authority: Authority) -> dict[str, str]:
    """authz takes the proof alone, the others a pass that it gave to the service."""
    if audience == "authz" and route.callers:
        return authority.proof_for(audience, service=name)
    granted = sorted(SERVICE_GRANTS[name].grants) if name in SERVICE_GRANTS else []
    return authority.pass_for(f"svc:{name}", audience, platform=granted, service=name)


def _mandate(kind: str, audience: str, authority: Authority) -> dict[str, str]:
    one = MANDATES[kind]
    mandate = authority.mandate_for("usr_a", one.service, projects={OWN: sorted(one.grants)})
    return authority.hop_for(mandate, audience, service=one.service)


if __name__ == "__main__":
    PAGE.write_text(page())
