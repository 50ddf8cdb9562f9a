"""One rack for all tests that need machines; booted once, a machine per concern."""

import os
from collections.abc import Iterator

import pytest

from lab.rack import settings
from lab.rack.errors import RackError
from lab.rack.tests.bench import Bench


@pytest.fixture(scope="session", autouse=False)
def machines_allowed() -> None:
    """Skip, with the reason, where machines cannot be made."""
    try:
        settings.require_root()
        settings.require_programs()
    except RackError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def bench(machines_allowed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A rack of four machines, up."""
    bench = Bench(tmp_path_factory.mktemp("rack"), f"t{os.getpid() % 100000}", "10.99.1.0/24")
    bench.up(4)
    yield bench
    bench.close()
