"""Rounds of builds: ours and the floor in turn, on the same machines, each from machines that are all free."""

import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from cloudpoint import Client
from lab.launcher.accounts import OPERATOR
from lab.launcher.platform import Platform
from tests.load.benchmark import Run
from tests.load.build.floor import Floor, heat_of
from tests.load.build.ours import Built, Ours
from tests.load.figures import Figure, as_peer, at_most, median

AIM = 1.15
FREE_SECONDS = 600.0
# Our steps beside the floor's that do the same work; the others have none.
STEPS = {
    "make_authority": "secrets",
    "create_shared": "shared",
    "create_machines": "machines",
    "reach_hosts": "reach",
    "configure": "site",
    "verify": "verify",
}


def measured(platform: Platform, run: Run, *, warm_up: bool = True) -> list[Figure]:
    """Build ``run.rounds`` clusters in each way and return the figures.

    With ``warm_up`` one more of each comes first: what the first build fetches, all have then.
    """
    (cloud,) = platform.settings.clouds
    clouds_file = platform.clouds.clouds_file(cloud)
    ansible = platform.settings.cache / "ansible" / "bin"
    nodes = _Nodes(platform)
    ours, floors = [], []
    with tempfile.TemporaryDirectory(prefix="cloudpoint-floor-") as place:
        customer = Ours(platform, _public_key(Path(place)))
        for number in range(0 if warm_up else 1, run.rounds + 1):
            export = Path(place) / f"floor{number}"
            nodes.wait_until_free()
            ours.append(_ours(customer, export))
            nodes.wait_until_free()
            floors.append(_floor(Floor(export, heat_of(clouds_file), f"cp-{cloud.name}", ansible)))
            kept = "" if number else ", which filled the caches and does not count"
            run.say(f"round {number}: ours {ours[-1].seconds:.1f} s, the floor {floors[-1].seconds['all']:.1f} s{kept}")
    return figures(ours[-run.rounds :], [floor.seconds for floor in floors[-run.rounds :]])


def _ours(customer: Ours, export: Path) -> Built:
    built = customer.build()
    customer.export(export)
    customer.delete()
    return built


def _floor(floor: Floor) -> Floor:
    try:
        floor.seconds["all"] = floor.build()
    finally:
        floor.delete()
    return floor


def figures(ours: list[Built], floors: list[Mapping[str, float]]) -> list[Figure]:
    """The whole build against the floor, and its split by step."""
    whole = as_peer(median("the floor", "s", [floor["all"] for floor in floors]))
    found = [median("POST /v1/clusters to ready", "s", [one.seconds for one in ours], at_most(AIM, "ratio"), whole)]
    for step in ours[0].steps:
        peer = None
        if step in STEPS:
            peer = as_peer(median(f"the floor's {STEPS[step]}", "s", [floor[STEPS[step]] for floor in floors]))
        found.append(median(f"  {step}", "s", [one.steps[step] for one in ours], peer=peer))
    between = [one.seconds - sum(one.steps.values()) for one in ours]
    return [*found, median("  between the steps, and asking", "s", between)]


class _Nodes:
    """The machines as the platform sees them, a little after Ironic."""

    def __init__(self, platform: Platform) -> None:
        login = next(one for one in platform.accounts.logins() if one.email == OPERATOR)
        self._client = Client(login.url)
        opened = self._client.sessions.create(login.email, login.password_file.read_text())
        self._client.transport.token = opened.token

    def wait_until_free(self) -> None:
        """Wait until all are available again, so that no build waits for the one before."""
        deadline = time.monotonic() + FREE_SECONDS
        while busy := [node.name for node in self._client.nodes.list() if node.state != "available"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{', '.join(busy)} not available after {FREE_SECONDS:.0f} s")
            time.sleep(1.0)


def _public_key(folder: Path) -> str:
    """A user's key, made for the occasion."""
    file = folder / "id_ed25519"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)), check=True, timeout=20)
    return file.with_suffix(".pub").read_text().strip()
