"""Each element keeps the law on real machines, from the base image with what the element requires and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.elements.law import differences, violations
from tests.elements.scenarios import SCENARIOS
from tests.elements.stand import ELEMENTS, HERE, Layer, Stand

pytestmark = [pytest.mark.machines, pytest.mark.slow]


def layer(name: str) -> Layer:
    return Layer(ELEMENTS / name, SCENARIOS[name].hosts, SCENARIOS[name].values)


def providers() -> dict[str, str]:
    """By ability, the element that provides it."""
    described: list[dict[str, Any]] = [yaml.safe_load(path.read_text()) for path in ELEMENTS.glob("*/element.yaml")]
    return {ability: one["name"] for one in described for ability in one["provides"]}


def required_by(name: str) -> list[str]:
    """The elements that have to come first, in order."""
    found: list[str] = []
    for ability in layer(name).description["requires"]:
        provider = providers()[ability]
        found += [one for one in (*required_by(provider), provider) if one not in found]
    return found


@contextmanager
def standing(stand: Stand, names: list[str]) -> Iterator[None]:
    """Apply elements, and revert them in the opposite order."""
    for name in names:
        outcome = stand.play("apply", layer(name))
        assert outcome.succeeded, outcome.printed
    yield
    for name in reversed(names):
        assert stand.play("revert", layer(name)).succeeded


@pytest.fixture
def clean(stand: Stand) -> None:
    """Machines as new, also after a test that left them otherwise."""
    if not stand.known_as_new:
        stand.deploy()


def test_every_element_is_tried() -> None:
    assert set(SCENARIOS) == {path.parent.name for path in ELEMENTS.glob("*/element.yaml")}


@pytest.mark.parametrize("name", SCENARIOS)
def test_element_keeps_the_law(stand: Stand, clean: None, name: str) -> None:
    with standing(stand, required_by(name)):
        assert violations(stand, layer(name)) == []
    assert differences(stand.as_new, stand.fingerprints()) == []
    stand.known_as_new = True


@pytest.mark.parametrize("planted", ["file", "account", "package"])
def test_a_revert_that_leaves_something_is_caught(stand: Stand, clean: None, planted: str) -> None:
    found = violations(stand, Layer(HERE / "planted" / "incomplete-revert", "head", {"leave": planted}))
    expected = {"file": "/etc/planted", "account": "planted:x:", "package": "packages: libnuma1"}[planted]
    assert any(expected in sentence for sentence in found), found


def test_a_verify_that_proves_nothing_is_caught(stand: Stand, clean: None) -> None:
    found = violations(stand, Layer(HERE / "planted" / "empty-verify", "head", {}))
    assert [sentence for sentence in found if "does not prove" in sentence]


def test_planted_elements_are_not_in_the_catalogue() -> None:
    assert not {path.parent.name for path in Path(HERE / "planted").glob("*/element.yaml")} & set(SCENARIOS)
