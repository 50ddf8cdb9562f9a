"""Checks of a cloud: what is told of errors, of silence, and of what comes after a failure."""

import asyncio

import pytest
from keystoneauth1 import exceptions as keystone_errors
from openstack.exceptions import HttpException

from services.chassis import deadline
from services.chassis.cloud import CloudFailure
from services.chassis.cloud.checking import Check, Verdict, examine, failed, good, listed, unchecked, warning


def check(name: str, outcome: Verdict | Exception, *needs: str) -> Check:
    async def look() -> Verdict:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Check(name, "Nova", look, needs)


async def states(*checks: Check) -> dict[str, str]:
    report = await examine("cluster", "alpha", checks)
    return {item.check: item.state for item in report.findings}


async def test_one_failure_hides_only_what_needs_it() -> None:
    found = await states(
        check("log-in", failed("No.", "Mend it.")),
        check("after", good("Yes."), "log-in"),
        check("later", good("Yes."), "after"),
        check("beside", good("Yes.")),
    )
    assert found == {"log-in": "failed", "after": "unchecked", "later": "unchecked", "beside": "ok"}


async def test_a_warning_hides_nothing_and_what_could_not_be_looked_at_hides() -> None:
    assert await states(check("a", warning("Hm.", "Mend it.")), check("b", good("Yes."), "a")) == {
        "a": "warning",
        "b": "ok",
    }
    assert (await states(check("a", unchecked("Unknown.")), check("b", good("Yes."), "a")))["b"] == "unchecked"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (keystone_errors.Unauthorized(), "refuses the credential"),
        (keystone_errors.Forbidden(), "Nova forbids"),
        (keystone_errors.EndpointNotFound(), "no endpoint of Nova"),
        (keystone_errors.ConnectFailure(), "Nova does not answer"),
        (keystone_errors.SSLError(), "certificate"),
        (keystone_errors.InternalServerError(), "Nova answers 500"),
        (HttpException("no", http_status=500), "Nova answers 500"),
        (ConnectionResetError(), "Nova does not answer"),
        (CloudFailure("Heat says: no."), "Heat says: no."),
        (ZeroDivisionError("by zero"), "The check itself failed"),
    ],
)
async def test_an_error_is_a_finding_with_what_to_mend(error: Exception, words: str) -> None:
    finding = (await examine("cluster", "alpha", [check("a", error)])).findings[0]
    assert finding.state == "failed" and words in finding.sentence
    assert finding.what_to_mend and finding.evidence


async def test_silence_is_a_finding_before_the_request_ends() -> None:
    async def silent() -> Verdict:
        await asyncio.sleep(60)
        return good("Never.")

    with deadline.within(2.2):
        report = await examine("cluster", "alpha", [Check("a", "Nova", silent), check("b", good("Yes."))])
    assert [item.state for item in report.findings] == ["failed", "ok"]
    assert "does not answer" in report.findings[0].sentence


async def test_without_time_nothing_is_tried() -> None:
    with deadline.within(0.1):
        assert await states(check("a", good("Yes."))) == {"a": "unchecked"}


@pytest.mark.parametrize(("count", "words"), [(1, "n0"), (5, "n0, n1, n2, n3, n4"), (7, "n4 and 2 more")])
def test_long_lists_are_cut(count: int, words: str) -> None:
    assert listed(f"n{number}" for number in range(count)).endswith(words)
