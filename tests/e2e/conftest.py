"""One platform for all journeys of a session."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from tests.e2e.platform import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A running platform with one cloud; destroyed at the end of the session."""
    if os.geteuid() != 0:
        pytest.skip("the rack's machines need root, or `python -m lab.privileges` before the command")
    folder = tmp_path_factory.mktemp("platform")
    for place in (folder, *folder.parents):
        if place.is_relative_to(Path("/tmp")) and place != Path("/tmp"):
            place.chmod(0o755)
    started = Platform(folder / "state")
    try:
        started.start()
        yield started
    finally:
        started.destroy()


@pytest.fixture(scope="session")
def customer(platform: Platform) -> Client:
    return platform.customer()


@pytest.fixture(scope="session")
def operator(platform: Platform) -> Client:
    return platform.operator()


@pytest.fixture(scope="session")
def project(customer: Client) -> types.Project:
    return next(iter(customer.projects.list()))


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person's private key; the public half lies beside it."""
    path = tmp_path_factory.mktemp("keys") / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def parameters(key_file: Path) -> dict[str, object]:
    """What every build here asks for: one user."""
    public_key = key_file.with_suffix(".pub").read_text().strip()
    return {"users": [{"name": "alice", "ssh_keys": [public_key]}]}
