"""Platforms of both kinds, with the names that they may have, side by side."""

from pathlib import Path

import click
import pytest

from lab.launcher.__main__ import _cloud_names
from lab.launcher.settings import (
    CLOUD_NAMES,
    REAL_CLOUD_NAMES,
    SERVICE_PORTS,
    WORK_PORT_DISTANCE,
    CloudKind,
    Settings,
    default_port_shift,
    default_state,
)


def platform(kind: CloudKind, names: tuple[str, ...]) -> Settings:
    return Settings(default_state(kind), Path("/cache"), kind, names, port_shift=default_port_shift(kind))


def test_a_platform_of_each_kind_can_run_at_once() -> None:
    emulated = platform(CloudKind.SIMCLOUD, CLOUD_NAMES)
    real = [platform(CloudKind.OPENSTACK, (name,)) for name in REAL_CLOUD_NAMES]
    subnets = [cloud.subnet for settings in (emulated, *real) for cloud in settings.clouds]
    assert len(subnets) == len(set(subnets)) == len(CLOUD_NAMES) + len(REAL_CLOUD_NAMES)
    assert real[0].state != emulated.state and real[0].public_url != emulated.public_url


def test_ports_of_a_real_cloud_are_nobody_elses() -> None:
    real = platform(CloudKind.OPENSTACK, REAL_CLOUD_NAMES[:1])
    services = {real.port_of(name) + more for name in SERVICE_PORTS for more in (0, WORK_PORT_DISTANCE)}
    cloud = real.clouds[0]
    assert not services & {*range(cloud.api_port, cloud.api_port + 20), *range(cloud.bmc_port, cloud.bmc_port + 64)}
    assert cloud.bmc_port >= cloud.api_port + 20


@pytest.mark.parametrize(
    ("kind", "wanted", "names"),
    [
        (CloudKind.SIMCLOUD, None, ("alpha",)),
        (CloudKind.SIMCLOUD, "beta,alpha", ("beta", "alpha")),
        (CloudKind.OPENSTACK, None, ("lab",)),
        (CloudKind.OPENSTACK, "live", ("live",)),
    ],
)
def test_clouds_are_named(kind: CloudKind, wanted: str | None, names: tuple[str, ...]) -> None:
    assert _cloud_names(kind, wanted) == names


@pytest.mark.parametrize(
    ("kind", "wanted"), [(CloudKind.SIMCLOUD, "lab"), (CloudKind.OPENSTACK, "alpha"), (CloudKind.OPENSTACK, "lab,live")]
)
def test_a_name_of_the_other_kind_or_two_real_clouds_are_refused(kind: CloudKind, wanted: str) -> None:
    with pytest.raises(click.BadParameter):
        _cloud_names(kind, wanted)
