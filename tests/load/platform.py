"""A platform of its own for benchmarks: all services, one cloud, no limit of rates."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import yaml

from lab.launcher.accounts import CUSTOMER
from lab.launcher.display import Display
from lab.launcher.platform import Platform
from lab.launcher.processes import wait_until
from lab.launcher.readiness import look
from lab.launcher.settings import PUBLIC_PORT, CloudKind, Settings, default_cache

# Of each kind of cloud: its name, and how far the ports of the platform are moved.
PLACES = {CloudKind.SIMCLOUD: ("delta", 6000), CloudKind.OPENSTACK: ("bench", 9000)}
RESTART_DEADLINE_SECONDS = 20.0
NO_LIMIT = "100000000/minute"
P = TypeVar("P", bound=Platform)


@contextlib.contextmanager
def running(display: Display, machines: int = 1, cloud_kind: CloudKind = CloudKind.SIMCLOUD) -> Iterator[Platform]:
    """A platform with so many machines while the block runs; it is destroyed afterwards, whatever happens."""
    with running_as(Platform, display, machines, cloud_kind) as platform:
        yield platform


@contextlib.contextmanager
def running_as(
    kind: Callable[[Settings, Display], P], display: Display, machines: int, cloud_kind: CloudKind
) -> Iterator[P]:
    """The same as a platform of another kind."""
    name, shift = PLACES[cloud_kind]
    with tempfile.TemporaryDirectory(prefix="cloudpoint-load-") as folder, display:
        settings = Settings(Path(folder) / "state", default_cache(), cloud_kind, (name,), machines, shift)
        platform = kind(settings, display)
        try:
            platform.up()
            _lift_limits(platform)
            yield platform
        finally:
            platform.destroy()


def customer_token(platform: Platform) -> str:
    """A session token of the customer."""
    return token_of(platform, CUSTOMER)


def token_of(platform: Platform, email: str) -> str:
    """A session token of one of those whom the platform's beginning makes."""
    login = next(login for login in platform.accounts.logins() if login.email == email)
    body = {"email": email, "password": login.password_file.read_text()}
    answer = httpx.post(f"{login.url}/v1/sessions", json=body, timeout=10.0).raise_for_status()
    token: str = answer.json()["token"]
    return token


def _lift_limits(platform: Platform) -> None:
    """Give the gateway a configuration without limits of rates, and wait until it runs with it."""
    path = platform.settings.state / "config" / "gateway.yaml"
    content = yaml.safe_load(path.read_text())
    content["rates"] = {"credential": NO_LIMIT, "open": NO_LIMIT}
    path.write_text(yaml.safe_dump(content))
    restarts = _restarts(platform)
    platform.supervisor.restart("gateway-serve")
    port = PUBLIC_PORT + platform.settings.port_shift
    wait_until(lambda: _restarts(platform) > restarts and look(port, "/readyz")[0] == 200, RESTART_DEADLINE_SECONDS)


def _restarts(platform: Platform) -> int:
    kept = {one["name"]: int(one["restarts"]) for one in platform.supervisor.kept()}
    return kept["gateway-serve"]
