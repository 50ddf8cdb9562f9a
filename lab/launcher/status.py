"""What runs, since when, how often it was started again, and whether it says that it is ready."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from rich.table import Table

from lab.launcher import service_files
from lab.launcher.platform import Platform
from lab.launcher.readiness import listens, look

_CONNECT_SECONDS = 3.0


@dataclass(frozen=True)
class Line:
    """One process: ``pid`` None means that it does not run; ``remark`` says what a person should know."""

    name: str
    pid: int | None
    age_seconds: float | None = None
    restarts: int = 0
    ready: bool = False
    remark: str = ""


def lines_of(platform: Platform) -> list[Line]:
    """Every process of a platform, servers first."""
    return [*_servers(platform), *(Line(**one) for one in platform.clouds.processes()), *_kept(platform)]


def table_of(lines: list[Line]) -> Table:
    """The lines as people read them."""
    table = Table(box=None, pad_edge=False)
    for heading in ("process", "pid", "since", "restarts", "ready", ""):
        table.add_column(heading, justify="right" if heading in ("pid", "since", "restarts") else "left")
    for line in lines:
        ready = "[green]yes[/]" if line.ready else "[red]no[/]"
        pid = str(line.pid) if line.pid else "-"
        table.add_row(line.name, pid, _age(line.age_seconds), str(line.restarts), ready, line.remark)
    return table


def _servers(platform: Platform) -> list[Line]:
    postgres, rabbit, settings = platform.postgres, platform.rabbit, platform.settings
    lines = [
        given_server("postgres", settings.database_url, 5432)
        or Line("postgres", postgres.pid, ready=postgres.running()),
        given_server("rabbitmq", settings.amqp_url, 5672) or Line("rabbitmq", rabbit.pid, ready=rabbit.running()),
    ]
    for cloud in platform.settings.clouds:
        answers = listens(cloud.bmc_port)
        lines.append(Line(f"rack-{cloud.name}", None, ready=answers, remark="its BMCs answer" if answers else ""))
    return lines


def given_server(name: str, url: str | None, default_port: int) -> Line | None:
    """The line of a server that was given by its address; None without one."""
    if url is None:
        return None
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or default_port
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        return Line(name, None, remark=f"given, {host}:{port}: {error}")
    return Line(name, None, ready=True, remark=f"given, answers at {host}:{port}")


def _kept(platform: Platform) -> list[Line]:
    if not platform.supervisor.running():
        return []
    doors = platform.clouds.doors() | service_doors(platform)
    lines = []
    for kept in platform.supervisor.kept():
        code, body = look(*doors[kept["name"]]) if kept["name"] in doors else (0, "unknown to this checkout")
        ready = code in (200, 300)
        remark = "" if ready else " ".join(body.split())[:100]
        lines.append(Line(kept["name"], kept["pid"], kept["age_seconds"], kept["restarts"], ready, remark))
    return lines


def service_doors(platform: Platform) -> dict[str, tuple[int, str]]:
    """Port and path at which each process of a service says whether it is ready."""
    doors = {}
    for service in service_files.present():
        ports = service_files.ports(platform.settings, service)
        for command in service_files.commands(service):
            doors[f"{service}-{command}"] = (ports["work_port" if command == "work" else "port"], "/readyz")
    return doors


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
