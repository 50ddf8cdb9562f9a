"""What the launcher writes and assumes fits what each service is."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from lab.launcher import service_files
from lab.launcher.clouds import Access, Accesses
from lab.launcher.keys import KeyFolder
from lab.launcher.service_files import ServiceFiles
from lab.launcher.settings import Cloud, Settings
from services.chassis.config import load
from services.chassis.service import Service

DATABASE = {"url": "postgresql://app:x@127.0.0.1/x", "migrate_url": "postgresql://owner:x@127.0.0.1/x"}


def service_of(name: str) -> Service[Any, Any]:
    service: Service[Any, Any] = importlib.import_module(f"services.{name}.main").SERVICE
    return service


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path, cache=tmp_path / "cache", cloud_names=("alpha", "beta"), port_shift=100)


def accesses_at(cloud: Cloud) -> Accesses:
    access = Access(cloud.name, {"auth_url": cloud.auth_url, "username": "x", "user_domain_id": "default"}, "x")
    return Accesses(access, access, access, "default", ("member",))


@pytest.mark.parametrize("name", service_files.present())
def test_a_service_takes_the_file_that_is_written_for_it(name: str, settings: Settings) -> None:
    keys = KeyFolder(settings.state / "keys")
    files = ServiceFiles(settings, keys, lambda _: DATABASE, "amqp://x:x@127.0.0.1/", accesses_at)
    files.write(name)
    loaded = load(files.path(name), service_of(name).settings)
    assert loaded.listen.port == service_files.ports(settings, name)["port"]
    assert files.path(name).stat().st_mode & 0o077 == 0
    assert name not in loaded.services, "authz would ask itself what is revoked, refuse, and audit that"


@pytest.mark.parametrize("name", service_files.present())
def test_the_tables_of_services_are_true(name: str) -> None:
    service = service_of(name)
    assert (name in service_files.WITH_WORK) == (service.workers is not None)
    assert (name in service_files.WITHOUT_DATABASE) == (service.schema is None)


def test_no_two_listeners_share_a_port() -> None:
    settings = Settings(state=Path("/nowhere"), cache=Path("/nowhere"), cloud_names=("alpha", "beta", "demo"))
    ports = [port for name in service_files.SERVICES for port in service_files.ports(settings, name).values()]
    assert len(ports) == len(set(ports))


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "keys")
    public = keys.public_key("authz")
    assert KeyFolder(tmp_path / "keys").public_key("authz") == public
    assert keys.private_key("authz").stat().st_mode & 0o077 == 0
    assert keys.password("a") != keys.password("b")
