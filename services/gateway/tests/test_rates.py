"""Rate limits."""

from typing import Any

import pytest

from services.gateway.config import RateSettings
from services.gateway.domain.addresses import ClientAddress
from services.gateway.tests.conftest import Platform


@pytest.fixture
def gateway_settings() -> dict[str, Any]:
    return {"rates": RateSettings(credential="3/minute", open="2/minute", failures="2/minute")}


async def test_a_credential_has_its_own_limit(platform: Platform) -> None:
    statuses = [(await platform.client.get("/v1/things", headers=platform.session())).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    answer = await platform.client.get("/v1/things", headers=platform.session())
    assert answer.json()["code"] == "too-many-requests"
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    other = await platform.client.get("/v1/things", headers=platform.session(sid="ses_2"))
    assert other.status_code == 200


async def test_log_ins_are_limited_by_address(platform: Platform) -> None:
    statuses = [(await platform.client.post("/v1/sessions", json={"project": "p"})).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]


async def test_guessing_ends_and_good_credentials_go_on(platform: Platform) -> None:
    good = platform.session()
    assert (await platform.client.get("/v1/things", headers=good)).status_code == 200
    statuses = [
        (await platform.client.get("/v1/things", headers={"Authorization": f"Bearer cpt_{n}"})).status_code
        for n in range(4)
    ]
    assert statuses == [401, 401, 429, 429]
    assert platform.people.asked == 2
    assert (await platform.client.get("/v1/things", headers=good)).status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "nonsense", "nonsense"),
    ],
)
def test_only_trusted_proxies_say_whose_address_it_is(peer: str, forwarded: str | None, found: str) -> None:
    assert ClientAddress(["10.0.0.0/8"]).of(peer, forwarded) == found
