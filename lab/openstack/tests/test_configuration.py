"""Files, ports and names: what can be held against the rules without starting anything."""

import configparser
import stat
from pathlib import Path

import pytest
import yaml

from lab.openstack import description, ini, logins, programs, schemas
from lab.openstack.config import files
from lab.openstack.config.nova import nova, nova_compute
from lab.openstack.config.shared import rabbit_of
from lab.openstack.settings import DATABASES, FIRST_BMC_PORT, FIRST_PORT, PLACES, Settings

PORTS_OF_A_RABBITMQ = 3


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(state=tmp_path / "state", cache=tmp_path / "cache", rack="r1", port_shift=1000)
    rabbit_of(settings).prepare()
    return settings


def test_values_are_written_as_oslo_config_reads_them() -> None:
    text = ini.render({"DEFAULT": {"debug": False, "kinds": ("flat", "local"), "secret": "a$b", "count": -1}})
    assert text.splitlines() == ["[DEFAULT]", "debug = false", "kinds = flat,local", "secret = a$$b", "count = -1"]


def test_no_two_servers_share_a_port_and_none_reaches_into_the_bmcs() -> None:
    taken = [FIRST_PORT + place for name, place in PLACES.items() if name != "rabbitmq"]
    taken += [FIRST_PORT + PLACES["rabbitmq"] + k for k in range(PORTS_OF_A_RABBITMQ)]
    assert len(set(taken)) == len(taken)
    assert max(taken) < FIRST_BMC_PORT


def test_every_port_moves_with_the_shift(settings: Settings) -> None:
    unmoved = Settings(state=settings.state, cache=settings.cache)
    assert {settings.port(name) - unmoved.port(name) for name in PLACES} == {1000}
    assert settings.first_bmc_port - unmoved.first_bmc_port == 1000


def test_every_file_parses_and_is_its_owners_alone(settings: Settings) -> None:
    files.write_all(settings)
    for name in files.FILES:
        path = settings.configuration / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        parser = configparser.RawConfigParser()
        parser.read_string(path.read_text())
        assert parser.sections() or parser.defaults(), name


def test_nova_compute_sees_no_database(settings: Settings) -> None:
    assert {"database", "api_database"} <= set(nova(settings))
    assert not {"database", "api_database"} & set(nova_compute(settings))


def test_every_server_listens_on_loopback_only(settings: Settings) -> None:
    files.write_all(settings)
    commands = " ".join(part for program in programs.every(settings) for part in program.command)
    assert "--bind-address=127.0.0.1" in commands
    everything = commands + "".join((settings.configuration / name).read_text() for name in files.FILES)
    assert "0.0.0.0" not in everything


def test_each_service_has_a_password_of_its_own_and_none_is_on_a_command_line(settings: Settings) -> None:
    files.write_all(settings)
    passwords = [path.read_text() for path in (settings.folder / "keys").iterdir()]
    assert len(set(passwords)) == len(passwords) >= len(set(DATABASES.values()))
    commands = [part for program in programs.every(settings) for part in program.job(settings).arguments]
    commands += [part for steps in schemas.commands(settings).values() for step in steps for part in step]
    assert not any(password in part for password in passwords for part in commands)


def test_the_template_of_tables_is_named_by_all_that_it_comes_from(settings: Settings) -> None:
    wanted = schemas.commands(settings)
    key = schemas.template_key("lock", "10.11", wanted)
    moved = Settings(state=settings.state / "elsewhere", cache=settings.cache / "elsewhere", port_shift=1)
    assert schemas.template_key("lock", "10.11", schemas.commands(moved)) == key
    assert schemas.template_key("another lock", "10.11", wanted) != key
    assert schemas.template_key("lock", "11.4", wanted) != key
    assert schemas.template_key("lock", "10.11", wanted | {"heat": []}) != key


def test_a_template_gives_back_what_it_was_made_of_and_older_ones_go(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "nova").mkdir(parents=True)
    (folder / "nova" / "table.ibd").write_bytes(b"rows")
    old = schemas.Template(tmp_path / "cache" / "old.tar.gz")
    old.keep(folder)
    new = schemas.Template(tmp_path / "cache" / "new.tar.gz")
    new.keep(folder)
    new.unpack(tmp_path / "copy")
    assert (tmp_path / "copy" / "nova" / "table.ibd").read_bytes() == b"rows"
    assert new.exists()
    assert not old.exists()


def test_the_description_names_log_ins_that_are_there(settings: Settings) -> None:
    logins.write(settings)
    assert stat.S_IMODE(settings.clouds_file.stat().st_mode) == 0o600
    clouds = yaml.safe_load(settings.clouds_file.read_text())["clouds"]
    told = description.describe(settings, "domain")
    assert set(told["logins"].values()) <= set(clouds)
    assert {entry["region_name"] for entry in clouds.values()} == {told["region"]} == {"r1"}
    assert all(entry["auth"]["auth_url"] == told["auth_url"] for entry in clouds.values())
