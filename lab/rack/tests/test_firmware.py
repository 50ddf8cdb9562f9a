"""What boots, and on whose disk."""

from pathlib import Path

import pytest

from lab.rack.firmware import Occupant, consume_override, plan_boot, share_of
from lab.rack.state import BootOverride, BootTarget, Disk, MachineState, Medium

MEDIA = {"Cd": Medium("cd.iso", "http://host/cd.iso")}


def test_the_same_instance_keeps_its_disk_and_its_image() -> None:
    state = MachineState(media=MEDIA, disk=Disk("one", "old-image"))
    plan = plan_boot(state, "one", "new-image")
    assert (plan.kind, plan.wipe, plan.disk) == ("disk", False, Disk("one", "old-image"))


def test_another_instance_gets_a_wiped_disk_on_the_current_image() -> None:
    state = MachineState(media=MEDIA, disk=Disk("one", "old-image"))
    plan = plan_boot(state, "two", "new-image")
    assert (plan.kind, plan.wipe, plan.disk) == ("disk", True, Disk("two", "new-image"))


def test_without_config_drive_the_disk_stays_untouched() -> None:
    plan = plan_boot(MachineState(media=MEDIA, disk=Disk("one", "image")), "", "image")
    assert (plan.kind, plan.wipe) == ("scratch", False)


@pytest.mark.parametrize(
    "state",
    [
        MachineState(disk=Disk("one", "image")),
        MachineState(media=MEDIA, disk=Disk("one", "image"), faults=("no-boot",)),
        MachineState(media=MEDIA, boot=BootOverride("Hdd", "Continuous")),
        MachineState(media=MEDIA, boot=BootOverride("Pxe", "Once")),
    ],
)
def test_nothing_boots_without_a_boot_medium_or_against_the_override(state: MachineState) -> None:
    assert plan_boot(state, "one", "image").kind == "halt"


@pytest.mark.parametrize("target", ["None", "Cd"])
def test_the_virtual_cd_is_the_default_boot_device(target: BootTarget) -> None:
    assert plan_boot(MachineState(media=MEDIA, boot=BootOverride(target, "Once")), "one", "image").kind == "disk"


def test_an_override_for_once_is_spent_and_a_continuous_one_stays() -> None:
    assert consume_override(BootOverride("Cd", "Once", "Legacy")) == BootOverride("None", "Disabled", "Legacy")
    assert consume_override(BootOverride("Cd", "Continuous")) == BootOverride("Cd", "Continuous")


@pytest.mark.parametrize("project", ["", "../other", ".", "a/b", "x" * 65])
def test_a_project_that_is_no_plain_name_has_no_share(project: str) -> None:
    assert share_of(Path("/shared"), Occupant("one", project)) is None
