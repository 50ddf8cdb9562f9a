"""What is said of servers that wait for a machine."""

from datetime import UTC, datetime, timedelta

import msgspec

from services.cluster.domain.machine_group import Member
from services.cluster.domain.placement import PATIENCE_SECONDS, unplaced
from services.contracts.node import ServerHealth

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def member(number: int, age_seconds: float) -> Member:
    return Member("", f"server-{number}", None, NOW - timedelta(seconds=age_seconds))


def health(
    number: int, node_id: str | None = None, state: str | None = None, reason: str | None = None
) -> ServerHealth:
    nothing = {
        "node_name": None,
        "state": state,
        "power": None,
        "maintenance": False,
        "last_error": None,
        "reason": reason,
    }
    return msgspec.convert({"server_id": f"server-{number}", "node_id": node_id, **nothing}, ServerHealth)


def test_a_server_without_a_machine_is_told_of_after_a_while() -> None:
    assert unplaced([member(1, PATIENCE_SECONDS)], [health(1)], NOW) is None
    sentence = unplaced([member(1, 80)], [health(1)], NOW)
    assert sentence and sentence.startswith("1 server has had no machine for 75 s")
    assert unplaced([member(1, 81)], [health(1)], NOW) == sentence


def test_servers_that_have_a_machine_or_are_young_are_not() -> None:
    members, seen = (
        [member(n, age) for n, age in enumerate((80, 200, 3, 100))],
        [health(0, "nod_1"), *map(health, (1, 2, 3))],
    )
    sentence = unplaced(members, seen, NOW)
    assert sentence and sentence.startswith("2 servers have had no machine for 195 s")
    assert unplaced(members[:1], seen[:1], NOW) is None


def test_servers_of_which_the_cloud_tells_no_age_are_left_out() -> None:
    assert unplaced([Member("h-1", "server-1", None)], [health(1)], NOW) is None
