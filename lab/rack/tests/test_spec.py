"""Racks as ordered, and the mirrors that machines install from."""

import msgspec
import pytest

from lab.rack.apt_sources import Source, parse_targets
from lab.rack.errors import RackError
from lab.rack.spec import RackSpec, check

RACK = RackSpec(
    name="alpha",
    uuid="00000000-0000-4000-8000-000000000001",
    machines=4,
    subnet="10.77.0.0/24",
    bmc_port=7700,
    apt_proxy_port=7142,
)


def test_machines_are_told_apart_and_stay_the_same() -> None:
    machines = RACK.machine_specs()
    for attribute in ("name", "serial", "system_id", "mac", "netns", "bmc_port"):
        assert len({getattr(machine, attribute) for machine in machines}) == 4
    assert msgspec.structs.replace(RACK, machines=8).machine_specs()[:4] == machines


def test_macs_of_two_racks_differ() -> None:
    other = msgspec.structs.replace(RACK, uuid="00000000-0000-4000-8000-000000000002")
    assert not {one.mac for one in RACK.machine_specs()} & {one.mac for one in other.machine_specs()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Alpha"),
        ("name", "a-b"),
        ("name", "toolongname"),
        ("machines", 0),
        ("machines", 65),
        ("subnet", "10.77.0.1/24"),
        ("subnet", "10.77.0.0/30"),
        ("subnet", "nonsense"),
        ("bmc_port", 80),
        ("bmc_port", 65534),
    ],
)
def test_an_unsound_order_is_refused(field: str, value: object) -> None:
    check(RACK)
    with pytest.raises(RackError):
        check(msgspec.structs.replace(RACK, **{field: value}))


def test_only_debians_own_archives_of_the_release_are_taken() -> None:
    listed = """http://mirror.example/debian/ bookworm main
http://mirror.example/debian/ bookworm contrib
https://mirror.example/security/ bookworm-security main
https://other.example/linux/debian bookworm stable
https://other.example/pgdg bookworm-pgdg main
http://mirror.example/debian/ trixie main
"""
    assert parse_targets(listed) == [
        Source("http://mirror.example/debian/", "bookworm", ("main",)),
        Source("https://mirror.example/security/", "bookworm-security", ("main",)),
    ]


def test_a_tls_mirror_is_written_so_that_the_cache_can_keep_it() -> None:
    line = Source("https://mirror.example/debian/", "bookworm", ("main",)).line()
    assert line.endswith("http://HTTPS///mirror.example/debian/ bookworm main")
