"""Ordering a rack, bringing it up in the background, taking it down, scrapping it."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec

from lab.rack import control, image, spec
from lab.rack.apt_cache import AptCache
from lab.rack.claims import claim, clear_leftovers
from lab.rack.errors import RackError
from lab.rack.folders import RackFolder, read_record, write_record
from lab.rack.settings import REPOSITORY
from lab.rack.spec import Nameplate, RackSpec

DOWN_DEADLINE_S = 40


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What `up` was asked for; nothing means: as the rack is, or the default of a new one."""

    machines: int | None = None
    subnet: str | None = None
    bmc_port: int | None = None
    apt_proxy_port: int | None = None
    cpus: int | None = None
    memory_mb: int | None = None
    disk_gb: int | None = None


DEFAULTS = {"machines": 4, "subnet": "10.77.0.0/24", "bmc_port": 7700, "apt_proxy_port": 7142}


def settle_spec(state_root: Path, name: str, order: Order) -> RackSpec:
    """The rack's spec after an order, kept on disk: a new rack, or the one there, perhaps with more machines.

    Raises:
        RackError: The order is not sound, or would change what cannot change while machines have disks.
    """
    folder = RackFolder.of(state_root, name)
    there = read_record(folder.spec, RackSpec)
    wanted = {key: value for key, value in msgspec.structs.asdict(order).items() if value is not None}
    plate = {key: wanted.pop(key) for key in ("cpus", "memory_mb", "disk_gb") if key in wanted}
    if there is None:
        new = {**DEFAULTS, **wanted}
        settled = RackSpec(name=name, uuid=str(uuid.uuid4()), nameplate=Nameplate(**plate), **new)
    else:
        settled = msgspec.structs.replace(there, nameplate=msgspec.structs.replace(there.nameplate, **plate), **wanted)
        _refuse_impossible(there, settled)
    spec.check(settled)
    folder.make()
    write_record(folder.spec, settled)
    return settled


def _refuse_impossible(there: RackSpec, settled: RackSpec) -> None:
    if settled.subnet != there.subnet or settled.machines < there.machines:
        raise RackError(
            f"Rack {there.name} stands with {there.machines} machines on {there.subnet}; machines can be added, "
            f"anything else needs `destroy --name {there.name}` first."
        )


def up(settled: RackSpec, state_root: Path, cache_root: Path, deadline_s: float) -> None:
    """Start the rack's process in the background and return when every BMC answers.

    Raises:
        RackError: It ended or was not ready in time; the sentence has its last words.
    """
    folder = RackFolder.of(state_root, settled.name)
    command = [sys.executable, "-m", "lab.rack", "--state", str(state_root), "--cache", str(cache_root), "serve"]
    with folder.log.open("w") as log:
        process = subprocess.Popen(
            [*command, "--name", settled.name], cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + deadline_s
    while not is_ready(folder):
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            last = "\n".join(folder.log.read_text().splitlines()[-8:])
            raise RackError(f"Rack {settled.name} did not come up within {deadline_s:.0f} s. Its last words:\n{last}")
        time.sleep(0.05)


def is_ready(folder: RackFolder) -> bool:
    """Whether the rack is up and all its plugged-in BMCs answer."""
    if not folder.socket.exists():
        return False
    try:
        control.call(folder.socket, "list", 5)
    except RackError:
        return False
    return True


def down(state_root: Path, cache_root: Path, name: str) -> bool:
    """Cut the rack's power and end its process; whether there was one. Also clears what a killed one left.

    Raises:
        RackError: It did not end in time.
    """
    folder = RackFolder.of(state_root, name)
    if not folder.path.exists():
        return False
    was_up = folder.socket.exists()
    if is_ready(folder):
        control.call(folder.socket, "stop")
    _when_free(folder, lambda: clear_leftovers(name))
    folder.socket.unlink(missing_ok=True)
    AptCache(cache_root).release()
    return was_up


def destroy(state_root: Path, cache_root: Path, name: str) -> bool:
    """Scrap the rack: processes, namespaces, disks, all of its state; whether there was one."""
    down(state_root, cache_root, name)
    folder = RackFolder.of(state_root, name)
    if not folder.path.exists():
        return False
    _when_free(folder, lambda: shutil.rmtree(folder.path))
    return True


def _when_free(folder: RackFolder, work: Callable[[], None]) -> None:
    """Do something once no process has the rack."""
    deadline = time.monotonic() + DOWN_DEADLINE_S
    while True:
        try:
            lock = claim(folder)
        except RackError as error:
            if time.monotonic() > deadline:
                holder = f"Rack {folder.path.name}, process {folder.lock.read_text()},"
                raise RackError(f"{holder} did not end within {DOWN_DEADLINE_S} s.") from error
            time.sleep(0.05)
            continue
        try:
            work()
        finally:
            os.close(lock)
        return


def all_racks(state_root: Path) -> list[str]:
    """Names of the racks that have state."""
    return sorted(path.parent.name for path in (state_root / "rack").glob("*/rack.json"))


def exec_inside(netns: str, command: tuple[str, ...]) -> None:
    """Become `command` in a network namespace."""
    os.execvp("ip", ["ip", "netns", "exec", netns, *command])


def build_image(cache_root: Path, apt_port: int, progress: Callable[[str], None]) -> str:
    """Build the machines' image if the cache has none of this recipe; return its id."""
    return image.ensure_image(cache_root, apt_port, progress)
