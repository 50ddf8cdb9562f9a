"""The people of a fresh platform, made through its own public API: an operator, and a customer with a project."""

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lab.launcher.keys import KeyFolder
from lab.launcher.processes import ServerFailed
from lab.launcher.settings import Settings

ADMINISTRATOR = "admin@example.org"
OPERATOR = "operator@example.org"
CUSTOMER = "alice@example.org"
ORGANISATION = "example"
PROJECT = "research"
CUSTOMER_ROLE = "manager"
DEADLINE_SECONDS = 30.0
CALL_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.2
_KEYS = {ADMINISTRATOR: "administrator", OPERATOR: "operator", CUSTOMER: "customer"}


@dataclass(frozen=True)
class Login:
    """One way in: ``password_file`` holds the password and nothing else."""

    who: str
    url: str
    email: str
    password_file: Path


def password_file(keys: KeyFolder, email: str) -> Path:
    """The file of a person's password."""
    return keys.password_file(_KEYS[email])


class Accounts:
    """Makes what is missing; what is there stays as it is."""

    def __init__(self, settings: Settings, keys: KeyFolder) -> None:
        self._settings = settings
        self._keys = keys

    def logins(self) -> list[Login]:
        """The log-ins that people get to see."""
        return [
            Login("customers", self._settings.public_url, CUSTOMER, password_file(self._keys, CUSTOMER)),
            Login("operators", self._settings.operator_url, OPERATOR, password_file(self._keys, OPERATOR)),
        ]

    def ensure(self) -> None:
        """Make operator, organisation, project and customer, as the first administrator. Raises ServerFailed."""
        with httpx.Client(base_url=self._settings.operator_url, timeout=CALL_SECONDS) as client:
            client.headers["Authorization"] = f"Bearer {self._administrator_token(client)}"
            self._ensure_person(client, OPERATOR, "Olivia Operator", platform_role="operator")
            customer = self._ensure_person(client, CUSTOMER, "Alice Example")
            organisation = _ensure(client, "/v1/organisations", {"name": ORGANISATION})
            project = _ensure(client, "/v1/projects", {"name": PROJECT, "organisation": organisation["id"]})
            member = f"/v1/projects/{project['id']}/members/{customer['id']}"
            _answer(client.put(member, json={"role": CUSTOMER_ROLE}))

    def _administrator_token(self, client: httpx.Client) -> str:
        """Log in; the first administrator is made by identity shortly after its start, so that it may take a moment."""
        body = {"email": ADMINISTRATOR, "password": password_file(self._keys, ADMINISTRATOR).read_text()}
        end = time.monotonic() + DEADLINE_SECONDS
        while True:
            answer = client.post("/v1/sessions", json=body)
            if answer.is_success:
                token: str = answer.json()["token"]
                return token
            if time.monotonic() > end:
                raise ServerFailed(f"The first administrator can't log in: {answer.text}")
            time.sleep(LOOK_EVERY_SECONDS)

    def _ensure_person(self, client: httpx.Client, email: str, name: str, **more: str) -> dict[str, Any]:
        person = {"email": email, "name": name, "password": password_file(self._keys, email).read_text(), **more}
        return _ensure(client, "/v1/users", person, by="email")


def _ensure(client: httpx.Client, path: str, body: dict[str, Any], by: str = "name") -> dict[str, Any]:
    """The item of a list that has the wanted name, made if there is none."""
    for item in _items(client, path):
        if item[by] == body[by]:
            return item
    made: dict[str, Any] = _answer(client.post(path, json=body, headers={"Idempotency-Key": uuid.uuid4().hex}))
    return made


def _items(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = _answer(client.get(path, params={"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            return found


def _answer(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise ServerFailed(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text}"
        )
    return answer.json() if answer.content else None
