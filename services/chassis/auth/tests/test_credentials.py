"""What a service sends along is made once, kept while it is good, and never kept without bound."""

import time
from pathlib import Path

import jwt
import pytest

from services.chassis.auth.caller import Caller
from services.chassis.auth.contact import AuthzContact
from services.chassis.auth.credentials import Credentials, ExchangedPass, Mandate
from services.chassis.auth.memory import Memory
from services.chassis.auth.revocation import Revocations
from services.chassis.testing.authority import Authority


class Exchange:
    """authz's side: notes what was asked and answers a pass that is good for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.asked: list[tuple[str | None, str]] = []
        self._seconds = seconds

    async def __call__(self, subject_token: str | None, audience: str) -> ExchangedPass:
        self.asked.append((subject_token, audience))
        return ExchangedPass(f"pass-{len(self.asked)}", time.time() + self._seconds)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_pass_is_asked_for_once_a_caller_and_audience(authority: Authority) -> None:
    exchange = Exchange(60)
    credentials = Credentials(authority.key("cluster"), exchange, AuthzContact(Revocations(), None))
    ada, bob = Caller("usr_a", ("gateway",), token="a"), Caller("usr_b", ("gateway",), token="b")
    assert await credentials.token("node", ada) == await credentials.token("node", ada) == "pass-1"
    assert await credentials.token("node", bob) == "pass-2"
    assert await credentials.token("runner", ada) == "pass-3"
    assert await credentials.token("node", None) == "pass-4"
    assert exchange.asked == [("a", "node"), ("b", "node"), ("a", "runner"), (None, "node")]


async def test_a_pass_that_is_about_to_end_is_renewed(authority: Authority) -> None:
    credentials = Credentials(authority.key("cluster"), Exchange(5), AuthzContact(Revocations(), None))
    assert [await credentials.token("node", None) for _ in range(2)] == ["pass-1", "pass-2"]


async def test_a_hop_holds_the_mandate_and_is_signed_once(authority: Authority) -> None:
    credentials = Credentials(authority.key("cluster"), Exchange(60), AuthzContact(Revocations(), None))
    first = await credentials.token("node", Mandate("the mandate"))
    assert await credentials.token("node", Mandate("the mandate")) == first
    assert await credentials.token("relay", Mandate("the mandate")) != first
    claims = jwt.decode(first, options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["mandate"]) == ("cluster", "node", "the mandate")


def test_a_proof_is_signed_anew_before_it_ends(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    key = authority.key("cluster")
    first = key.proof("node")
    assert key.proof("node") == first
    later = time.time() + 45
    monkeypatch.setattr(time, "time", lambda: later)
    assert key.proof("node") != first


def test_a_memory_is_bounded_and_forgets_what_ended_first() -> None:
    memory: Memory[int, str] = Memory(kept=100)
    for number in range(99):
        memory.keep(number, "ended", time.time() - 1)
    memory.keep(99, "good", time.time() + 60)
    memory.keep(100, "new", time.time() + 60)
    assert (memory.get(0), memory.get(99), memory.get(100), len(memory)) == (None, "good", "new", 2)
    for number in range(1000):
        memory.keep(number, "good", time.time() + 60)
    assert len(memory) <= 100 and memory.get(999) == "good"
    assert memory.get(999, seconds_left=90) is None
