"""Blueprints work by Ansible alone: all elements in order, each verified once all stand, then the checks."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.elements.scenarios import USERS
from tests.elements.stand import ELEMENTS, Layer, Stand

BLUEPRINTS = ELEMENTS.parent / "blueprints"

pytestmark = [pytest.mark.machines, pytest.mark.slow]


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def values_of(blueprint: dict[str, Any]) -> dict[str, Any]:
    """Parameters: the defaults, and the users."""
    known = blueprint["parameters"]["properties"]
    return {**{name: one["default"] for name, one in known.items() if "default" in one}, "users": USERS}


def resolved(value: Any, parameters: dict[str, Any]) -> Any:
    """`value` with each {parameter: x} replaced."""
    if not isinstance(value, dict):
        return value
    if set(value) == {"parameter"}:
        return parameters[value["parameter"]]
    return {name: resolved(inner, parameters) for name, inner in value.items()}


def layers_of(blueprint: dict[str, Any]) -> list[Layer]:
    """The elements in order; for two roles the hosts are a pattern of Ansible's."""
    parameters = values_of(blueprint)
    return [
        Layer(ELEMENTS / use["element"], ":".join(use["roles"]), resolved(use["values"], parameters))
        for use in blueprint["elements"]
    ]


@pytest.mark.parametrize("name", ["slurm", "mpi"])
def test_blueprint_works(stand: Stand, name: str) -> None:
    stand.deploy()
    blueprint = load(BLUEPRINTS / name / "blueprint.yaml")
    layers = layers_of(blueprint)
    for phase in ("apply", "verify"):
        for layer in layers:
            outcome = stand.play(phase, layer)
            assert outcome.succeeded, outcome.printed
    for check in blueprint["checks"]:
        outcome = stand.run(BLUEPRINTS / name / check["playbook"], {"element": values_of(blueprint)})
        assert outcome.succeeded, outcome.printed


def test_a_mount_of_a_home_outlives_reboots(stand: Stand) -> None:
    stand.deploy()
    layers = layers_of(load(BLUEPRINTS / "slurm" / "blueprint.yaml"))[:3]
    for layer in layers:
        assert stand.play("apply", layer).succeeded
    for machine in stand.machines:
        stand.reboot(machine)
        outcome = stand.play_until_it_succeeds("verify", layers[-1], deadline_seconds=60)
        assert outcome.succeeded, outcome.printed
