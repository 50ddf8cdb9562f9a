"""Application credentials and trusts, and what a restricted credential may not do."""

import secrets
import sqlite3
from typing import Any

from lab.simcloud.caller import Caller
from lab.simcloud.errors import bad_request, conflict, forbidden
from lab.simcloud.keystone.directory import Directory, or_missing
from lab.simcloud.keystone.passwords import hashed
from lab.simcloud.keystone.records import ApplicationCredential, Role, Trust
from lab.simcloud.store import Table, new_hex_id


def require_unrestricted(caller: Caller, managing: str) -> None:
    """403 if the caller came with a restricted application credential.

    managing: `trusts` or `application credentials`. Source: Keystone's user documentation of application credentials.
    """
    if caller.restricted:
        raise forbidden(
            "You are not authorized to perform the requested action: Using method 'application_credential' is not "
            f"allowed for managing {managing}."
        )


def require_no_delegation(caller: Caller) -> None:
    """403 if the caller came with an application credential: Keystone 29.1 lets none of them make trusts."""
    if caller.application_credential_id:
        raise forbidden(
            "You are not authorized to perform the requested action: Delegated tokens cannot manage trusts.."
        )


class Credentials:
    """Secrets that stand for a user."""

    def __init__(self, database: sqlite3.Connection, directory: Directory) -> None:
        self._directory = directory
        self.table = Table(
            database, "application_credentials", ApplicationCredential, ("user_id", "project_id", "name")
        )
        self.trusts = Table(database, "trusts", Trust, ("trustor_user_id", "trustee_user_id", "project_id"))

    def create(self, caller: Caller, body: dict[str, Any]) -> tuple[ApplicationCredential, str]:
        """Makes a credential for the caller on the token's project; answers it and its secret, shown once."""
        require_unrestricted(caller, "application credentials")
        name = str(body.get("name") or "")
        if not name:
            raise bad_request("'name' is a required property")
        if caller.project_id is None:
            raise bad_request("Application credentials need a project-scoped token.")
        if self.table.first(user_id=caller.user_id, name=name):
            raise conflict(
                "Conflict occurred attempting to store application_credential - Duplicate entry found with name "
                f"{name}."
            )
        secret = str(body.get("secret") or secrets.token_urlsafe(48))
        credential = ApplicationCredential(
            id=new_hex_id(),
            name=name,
            user_id=caller.user_id,
            project_id=caller.project_id,
            secret=hashed(secret),
            role_ids=[role.id for role in self._roles(caller, body.get("roles"))],
            unrestricted=bool(body.get("unrestricted", False)),
            description=body.get("description"),
            expires_at=body.get("expires_at"),
        )
        return self.table.add(credential), secret

    def _roles(self, caller: Caller, asked: list[dict[str, Any]] | None) -> list[Role]:
        held = {role.name: role for role in self._directory.roles.find() if role.name in caller.roles}
        if not asked:
            return list(held.values())
        chosen = []
        for item in asked:
            role = next((r for r in held.values() if r.id == item.get("id") or r.name == item.get("name")), None)
            if role is None:
                missing = str(item.get("id") or item.get("name"))
                raise bad_request(f"Could not find role assignment with role: {missing}, user: {caller.user_id}.")
            chosen.append(role)
        return chosen

    def remove(self, caller: Caller, credential_id: str) -> None:
        """Forgets a credential; tokens made with it stop working."""
        require_unrestricted(caller, "application credentials")
        or_missing("application credential", self.table.get(credential_id), credential_id)
        self.table.remove(credential_id)
        self._directory.changed()

    def create_trust(self, caller: Caller, body: dict[str, Any]) -> Trust:
        """Delegates the caller's roles on a project; 403 for an application credential."""
        require_no_delegation(caller)
        if body.get("trustor_user_id") != caller.user_id:
            raise forbidden("You are not authorized to perform the requested action: identity:create_trust.")
        roles = self._roles(caller, body.get("roles"))
        return self.trusts.add(
            Trust(
                id=new_hex_id(),
                trustor_user_id=caller.user_id,
                trustee_user_id=str(body.get("trustee_user_id")),
                project_id=str(body.get("project_id") or caller.project_id),
                impersonation=bool(body.get("impersonation")),
                role_ids=[role.id for role in roles],
                expires_at=body.get("expires_at"),
            )
        )
