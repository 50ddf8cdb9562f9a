"""Each check finds what it is for, planted."""

from pathlib import Path

import pytest

from tests.checks import addresses, outside_apis, words
from tests.checks.sources import ROOT


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("services/node/adapters/x.py", "import heatclient.client", "heatclient"),
        ("services/cluster/adapters/heat/x.py", "from heatclient.v1.client import Client", None),
        ("services/runner/adapters/x.py", "import ansible_runner", "no service"),
        ("services/cluster/adapters/x.py", "import openstack\nc.baremetal.nodes()", "baremetal"),
        ("services/node/adapters/x.py", "import openstack\nc.baremetal.nodes()", None),
        ("services/cluster/domain/x.py", "import openstack", "openstack"),
    ],
)
def test_an_outside_api_is_called_by_its_owner_alone(path: str, source: str, expected: str | None) -> None:
    found = outside_apis.problems_of(Path(path), source)
    assert bool(found) == (expected is not None)
    assert expected is None or expected in found[0]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("stack_id = 1", True),
        ("# the Stack of a batch", True),
        ("async with AsyncExitStack() as opened:", False),
        ("the OpenStack cloud", False),
    ],
)
def test_the_word_stack_is_found_out_of_its_place(line: str, wrong: bool) -> None:
    assert bool(words.problems_of(Path("services/cluster/domain/x.py"), line)) == wrong


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("index = https://" + "pypi" + ".org/simple", True),
        (f"cd {ROOT}/lab", True),
        ("httpx==0.28.1", False),
        ("docs say pypi", False),
    ],
)
def test_registries_and_machine_paths_are_found(line: str, wrong: bool) -> None:
    assert bool(addresses.problems_of(Path("x"), line)) == wrong
