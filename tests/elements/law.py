"""The law of elements, as a list of what an element does against it.

apply → verify passes; apply again changes nothing; revert → verify fails and each host is as it was, by fingerprint;
revert again changes nothing.
"""

from collections.abc import Iterator
from typing import Any

from tests.elements.stand import Fingerprint, Layer, Outcome, Stand


def differences(before: dict[str, Fingerprint], after: dict[str, Fingerprint]) -> list[str]:
    """What is not as it was, a sentence each."""
    return [
        f"{host}: {sentence}"
        for host in before
        for kind in before[host]
        for sentence in _changes(kind, _as_mapping(before[host][kind]), _as_mapping(after[host][kind]))
    ]


def violations(stand: Stand, layer: Layer) -> list[str]:
    """Try an element on hosts that have what it requires. They are as before afterwards if it keeps the law."""
    before = stand.fingerprints(layer.hosts)
    tried = [*_applying(stand, layer), *_reverting(stand, layer)]
    return tried + differences(before, stand.fingerprints(layer.hosts))


def _applying(stand: Stand, layer: Layer) -> Iterator[str]:
    yield from _must_succeed("apply", stand.play("apply", layer))
    yield from _must_succeed("verify after apply", stand.play("verify", layer))
    yield from _must_change_nothing("apply again", stand.play("apply", layer))


def _reverting(stand: Stand, layer: Layer) -> Iterator[str]:
    yield from _must_succeed("revert", stand.play("revert", layer))
    if stand.play("verify", layer).succeeded:
        yield "verify after revert passed: it does not prove that the element works"
    yield from _must_change_nothing("revert again", stand.play("revert", layer))


def _must_succeed(what: str, outcome: Outcome) -> Iterator[str]:
    if not outcome.succeeded:
        yield f"{what} failed: {outcome.printed[-3000:]}"


def _must_change_nothing(what: str, outcome: Outcome) -> Iterator[str]:
    yield from _must_succeed(what, outcome)
    if any(outcome.changed.values()):
        yield f"{what} changed {outcome.changed}: {outcome.printed[-3000:]}"


def _as_mapping(found: Any) -> dict[str, str]:
    return found if isinstance(found, dict) else dict.fromkeys(found, "there")


def _changes(kind: str, before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"{kind}: {name} was {before.get(name, 'absent')}, is {after.get(name, 'absent')}"
