"""One stand of two machines for all tests of elements."""

import os
from collections.abc import Iterator

import pytest

from lab.rack import settings
from lab.rack.errors import RackError
from lab.rack.tests.bench import Bench
from tests.elements.stand import Stand


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A head and a compute host, as new."""
    try:
        settings.require_root()
        settings.require_programs()
    except RackError as error:
        pytest.skip(str(error))
    playbook = settings.default_cache_root() / "ansible" / "bin" / "ansible-playbook"
    if not playbook.exists():
        pytest.skip(f"{playbook} is not there; make setup makes it")
    bench = Bench(tmp_path_factory.mktemp("rack"), f"e{os.getpid() % 100000}", "10.98.7.0/24")
    try:
        bench.up(2)
        stand = Stand(bench, ["m1", "m2"], tmp_path_factory.mktemp("ansible"))
        stand.deploy()
        yield stand
    finally:
        bench.close()
