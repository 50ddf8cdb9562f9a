"""Keystone's tokens end in mid-build: nobody has to do anything, the build goes on by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from tests.live.faults.builds import BUILD_SECONDS, phase_of
from tests.live.lab import Lab, awaited

pytestmark = [pytest.mark.machines, pytest.mark.slow]
OPERATORS = ("cloudpoint-identity", "cloudpoint-node")
# Shorter than machines take to come into service.
LIFE_SECONDS = 30


class Keystone:
    """Keystone, as its administrator."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._session: Any = lab.connect("admin").session
        self._url = lab.facts()["auth_url"]

    def users(self) -> dict[str, str]:
        """Ids of our operators' users and of those of customers' projects, by name."""
        ours = self._listed(f"/users?domain_id={self._lab.facts()['domain_id']}")
        operators = [user for user in self._listed("/users?domain_id=default") if user["name"] in OPERATORS]
        return {user["name"]: user["id"] for user in [*ours, *operators]}

    def revoke(self, user_id: str) -> None:
        """End every token of a user, as one does after a leak: disabled for a moment, it logs in anew after."""
        for enabled in (False, True):
            self._session.patch(f"{self._url}/users/{user_id}", json={"user": {"enabled": enabled}})

    def revoked(self) -> set[str]:
        """Ids of users whose tokens were revoked."""
        answer = self._session.get(f"{self._url}/OS-REVOKE/events").json()
        return {event["user_id"] for event in answer["events"] if "user_id" in event}

    def life(self) -> timedelta:
        """How long a token that is issued now lives."""
        answer = self._session.get(f"{self._url}/auth/tokens", headers={"X-Subject-Token": self._fresh()})
        token = answer.json()["token"]
        return datetime.fromisoformat(token["expires_at"]) - datetime.fromisoformat(token["issued_at"])

    def _fresh(self) -> str:
        return str(self._lab.connect(OPERATORS[1]).session.get_token())

    def _listed(self, path: str) -> list[dict[str, Any]]:
        users: list[dict[str, Any]] = self._session.get(f"{self._url}{path}").json()["users"]
        return users


@contextmanager
def short_lives(lab: Lab) -> Iterator[None]:
    """Have Keystone issue tokens that expire in seconds."""
    file = lab.state / "openstack/etc/keystone/keystone.conf"
    usual = file.read_text()
    file.write_text(usual.replace("[token]\n", f"[token]\nexpiration = {LIFE_SECONDS}\n"))
    lab.openstack("restart", "keystone")
    try:
        yield
    finally:
        file.write_text(usual)
        lab.openstack("restart", "keystone")


def by_itself(customer: Client, operation_id: str) -> None:
    """Wait until the machines are in service and reached; AssertionError if the build asks for anything."""
    awaited(lambda: phase_of(customer, operation_id), lambda phase: phase == "configure", BUILD_SECONDS)


def test_a_build_goes_on_when_every_token_of_ours_is_revoked(lab: Lab, customer: Client, build: str) -> None:
    keystone = Keystone(lab)
    users = keystone.users()
    assert set(OPERATORS) < set(users), "there is no project's user"
    for user_id in users.values():
        keystone.revoke(user_id)
    assert set(users.values()) <= keystone.revoked()
    by_itself(customer, build)


def test_a_build_goes_on_when_tokens_expire_in_the_middle_of_it(
    lab: Lab, customer: Client, request: pytest.FixtureRequest
) -> None:
    with short_lives(lab):
        assert Keystone(lab).life() == timedelta(seconds=LIFE_SECONDS)
        accepted: types.Accepted = request.getfixturevalue("accepted")
        by_itself(customer, accepted.operation_id)
