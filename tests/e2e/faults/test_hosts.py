"""Machines fail while a cluster is built: the operation says which and why, and goes on when they are mended."""

import pytest

from tests.e2e.faults.scene import Scene
from tests.e2e.platform import CLOUD, awaited

pytestmark = [pytest.mark.machines, pytest.mark.slow]
_NO_SSHD = "systemctl mask --now --quiet ssh.service && pkill -9 sshd || true"
_SSHD = "systemctl unmask --quiet ssh.service && systemctl start ssh.service"
_TOLD_SECONDS = 90.0
_GIVEN_UP_SECONDS = 600.0
"""The cloud tries other machines first, and each gives up in its own time."""


def test_a_node_that_dies_while_it_is_configured(scene: Scene) -> None:
    build = scene.begin("dies", until="configure")
    machine = scene.machine_of(build, "dies-compute-1")
    scene.platform.rack("plug", machine, "pull")
    try:
        parked = scene.parked(build.operation_id, "dies-compute-1")
    finally:
        scene.platform.rack("plug", machine, "insert")
    scene.platform.rack("power", machine, "on")
    assert scene.resumed(parked.id).state == "succeeded"
    scene.stands_once(build)


def test_a_machine_that_reboots_while_it_is_configured(scene: Scene) -> None:
    build = scene.begin("reboots", until="configure")
    scene.platform.rack("power", scene.machine_of(build, "reboots-compute-1"), "reboot")
    scene.succeeds(build, resumes=1)


def test_sshd_that_is_gone(scene: Scene) -> None:
    build = scene.begin("mute", until="configure")
    machine = scene.machine_of(build, "mute-compute-1")
    scene.harm.on_machine(machine, "sh", "-c", _NO_SSHD)
    try:
        parked = scene.parked(build.operation_id, "mute-compute-1")
    finally:
        scene.harm.on_machine(machine, "sh", "-c", _SSHD)
    assert scene.resumed(parked.id).state == "succeeded"
    scene.stands_once(build)


def test_a_bmc_that_hangs(scene: Scene) -> None:
    machines = scene.platform.machines()
    for machine in machines:
        scene.platform.rack("break", machine, "bmc-hang")
    build = scene.begin("hangs", until="create_machines")
    awaited(lambda: scene.noted(build.operation_id), lambda said: f"{CLOUD}-" in said, _TOLD_SECONDS)
    parked = scene.parked(build.operation_id, f"{CLOUD}-", seconds=_GIVEN_UP_SECONDS)
    for machine in machines:
        scene.platform.rack("mend", machine, "all")
    assert scene.resumed(parked.id).state == "succeeded"
    scene.stands_once(build)
