"""Organisations, projects, their members, and people."""

from collections.abc import Iterator
from typing import Any

from cloudpoint.generated import types
from cloudpoint.sdk.transport import Transport


class Organisations:
    """Organisations; an operator makes them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[types.Organisation]:
        """Yield the organisations that one can see."""
        return self._transport.pages("/v1/organisations", types.Organisation)

    def create(self, name: str) -> types.Organisation:
        """Make an organisation (operator's address)."""
        return self._transport.call("POST", "/v1/organisations", types.Organisation, {"name": name})


class Projects:
    """Projects and who belongs to them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[types.Project]:
        """Yield the projects that one can see."""
        return self._transport.pages("/v1/projects", types.Project)

    def create(self, organisation: str, name: str) -> types.Project:
        """Make a project (operator's address)."""
        body = {"organisation": organisation, "name": name}
        return self._transport.call("POST", "/v1/projects", types.Project, body)

    def members(self, project: str) -> Iterator[types.Member]:
        """Yield who belongs to a project, and in which role."""
        return self._transport.pages(f"/v1/projects/{project}/members", types.Member)

    def set_member(self, project: str, user: str, role: str) -> types.Member:
        """Give somebody (an id or e-mail address) a role: viewer, member or manager."""
        return self._transport.call("PUT", f"/v1/projects/{project}/members/{user}", types.Member, {"role": role})

    def remove_member(self, project: str, user: str) -> None:
        """Take somebody out of a project."""
        self._transport.raw("DELETE", f"/v1/projects/{project}/members/{user}")


class Users:
    """People; an administrator makes and suspends them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[types.User]:
        """Yield all people (operator's address)."""
        return self._transport.pages("/v1/users", types.User)

    def create(self, email: str, name: str, password: str, platform_role: str | None = None) -> types.User:
        """Make a person (operator's address)."""
        body: dict[str, Any] = {"email": email, "name": name, "password": password}
        if platform_role:
            body["platform_role"] = platform_role
        return self._transport.call("POST", "/v1/users", types.User, body)

    def set_state(self, user: str, state: str) -> types.User:
        """Suspend (``suspended``) or restore (``active``) a person."""
        return self._transport.call("PATCH", f"/v1/users/{user}", types.User, {"state": state})
