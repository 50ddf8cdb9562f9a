"""Log-in by password, application credential or token; validation and revocation.

A stored token holds only subject and scope; roles are read anew when it is validated, so that a role that is taken
away, a disabled user or a deleted project is felt by the next request.
"""

import secrets
import sqlite3
from datetime import timedelta
from typing import Any

from lab.simcloud.caller import Caller
from lab.simcloud.clock import now, parse, precise_stamp
from lab.simcloud.config import Tuning
from lab.simcloud.errors import ApiError, bad_request, forbidden
from lab.simcloud.keystone.credentials import Credentials
from lab.simcloud.keystone.directory import Directory
from lab.simcloud.keystone.passwords import matches
from lab.simcloud.keystone.records import ApplicationCredential, Domain, Project, Role, TokenRecord, User
from lab.simcloud.store import Table

UNAUTHORIZED = "The request you have made requires authentication."


def unauthorized() -> ApiError:
    """Keystone's uniform 401."""
    return ApiError(401, UNAUTHORIZED, "Unauthorized")


class Tokens:
    """All tokens of a cloud."""

    def __init__(
        self, database: sqlite3.Connection, directory: Directory, credentials: Credentials, tuning: Tuning
    ) -> None:
        self.directory = directory
        self.credentials = credentials
        self._tuning = tuning
        self._table = Table(database, "tokens", TokenRecord, ("user_id", "expires_at"))
        self._known: dict[str, tuple[TokenRecord, Caller]] = {}
        self._known_generation = -1

    def issue(self, auth: dict[str, Any]) -> TokenRecord:
        """Logs in by the `auth` object of POST /v3/auth/tokens; 401 if any part of it is wrong."""
        identity = auth.get("identity")
        if not isinstance(identity, dict) or not isinstance(identity.get("methods"), list):
            raise bad_request("Invalid input for field 'auth/identity': None is not of type 'object'")
        methods = [str(method) for method in identity["methods"]]
        if methods == ["application_credential"]:
            return self._by_credential(identity.get("application_credential") or {})
        if methods == ["token"]:
            return self._by_token(identity.get("token") or {}, auth.get("scope"))
        if methods == ["password"]:
            user = self._by_password((identity.get("password") or {}).get("user") or {})
            return self._make(user, methods, self._scope(user, auth.get("scope")))
        raise unauthorized()

    def _by_password(self, given: dict[str, Any]) -> User:
        user = self._find_user(given)
        if user is None or not user.enabled or not matches(str(given.get("password") or ""), user.password):
            raise unauthorized()
        return user

    def _find_user(self, given: dict[str, Any]) -> User | None:
        if given.get("id"):
            return self.directory.users.get(str(given["id"]))
        domain = self._find_domain(given.get("domain") or {})
        return self.directory.users.first(name=given.get("name"), domain_id=domain.id) if domain else None

    def _find_domain(self, given: dict[str, Any]) -> Domain | None:
        if given.get("id"):
            return self.directory.domains.get(str(given["id"]))
        return self.directory.domains.first(name=given.get("name"))

    def _by_credential(self, given: dict[str, Any]) -> TokenRecord:
        credential = self._find_credential(given)
        if credential is None or not matches(str(given.get("secret") or ""), credential.secret):
            raise unauthorized()
        user = self.directory.users.get(credential.user_id)
        if user is None or not user.enabled or _expired(credential.expires_at):
            raise unauthorized()
        scope = {"project_id": credential.project_id, "application_credential_id": credential.id}
        return self._make(user, ["application_credential"], scope)

    def _find_credential(self, given: dict[str, Any]) -> ApplicationCredential | None:
        if given.get("id"):
            return self.credentials.table.get(str(given["id"]))
        user = self._find_user(given.get("user") or {})
        return self.credentials.table.first(user_id=user.id, name=given.get("name")) if user else None

    def _by_token(self, given: dict[str, Any], asked: Any) -> TokenRecord:
        found = self.validate(str(given.get("id") or ""))
        if found is None:
            raise unauthorized()
        record, _ = found
        user = self.directory.users.get(record.user_id)
        if record.application_credential_id:
            raise forbidden("You are not authorized to perform the requested action: rescope a scoped token.")
        if user is None:
            raise unauthorized()
        methods = list(dict.fromkeys([*record.methods, "token"]))
        return self._make(user, methods, self._scope(user, asked), expires_at=record.expires_at)

    def _scope(self, user: User, asked: Any) -> dict[str, Any]:
        if asked == "unscoped" or (isinstance(asked, dict) and "unscoped" in asked):
            return {}
        if not asked:
            default = user.default_project_id
            return {"project_id": default} if default and self._may_enter(user.id, "project", default) else {}
        if "system" in asked:
            self._require(self._may_enter(user.id, "system", "all"))
            return {"system": True}
        if "project" in asked:
            project = self._find_project(asked["project"] or {})
            self._require(project is not None and project.enabled)
            assert project is not None
            self._require(self._may_enter(user.id, "project", project.id))
            return {"project_id": project.id}
        domain = self._find_domain(asked.get("domain") or {})
        self._require(domain is not None and self._may_enter(user.id, "domain", domain.id))
        return {"domain_id": domain.id if domain else None}

    def _find_project(self, given: dict[str, Any]) -> Project | None:
        if given.get("id"):
            return self.directory.projects.get(str(given["id"]))
        domain = self._find_domain(given.get("domain") or {})
        return self.directory.projects.first(name=given.get("name"), domain_id=domain.id) if domain else None

    def _may_enter(self, user_id: str, target_kind: str, target_id: str) -> bool:
        return bool(self.directory.direct_roles(user_id, target_kind, target_id))

    @staticmethod
    def _require(allowed: bool) -> None:
        if not allowed:
            raise unauthorized()

    def _make(
        self, user: User, methods: list[str], scope: dict[str, Any], expires_at: str | None = None
    ) -> TokenRecord:
        moment, lifetime = now(), timedelta(hours=self._tuning.token_hours)
        return self._table.add(
            TokenRecord(
                id=f"gAAAAA{secrets.token_urlsafe(96)}",
                user_id=user.id,
                methods=methods,
                audit_id=secrets.token_urlsafe(16),
                issued_at=precise_stamp(moment.replace(microsecond=0)),
                expires_at=expires_at or precise_stamp((moment + lifetime).replace(microsecond=0)),
                **scope,
            )
        )

    def caller(self, token: str) -> Caller | None:
        """Who a token stands for, or None if it is not valid (any more)."""
        found = self.validate(token)
        return found[1] if found else None

    def validate(self, token: str) -> tuple[TokenRecord, Caller] | None:
        """The token and its subject, or None if it is not valid (any more)."""
        if self._known_generation != self.directory.generation:
            self._known.clear()
            self._known_generation = self.directory.generation
        known = self._known.get(token) or self._read(token)
        if known is None or _expired(known[0].expires_at):
            return None
        self._known[token] = known
        return known

    def _read(self, token: str) -> tuple[TokenRecord, Caller] | None:
        record = self._table.get(token)
        user = self.directory.users.get(record.user_id) if record else None
        if record is None or user is None or not user.enabled:
            return None
        if user.tokens_revoked_at and record.issued_at <= user.tokens_revoked_at:
            return None
        roles = self.roles_of(record)
        scoped = record.project_id or record.domain_id or record.system
        if roles is None or (scoped and not roles):
            return None
        credential = self.credentials.table.get(record.application_credential_id or "")
        caller = Caller(
            user_id=user.id,
            user_name=user.name,
            methods=tuple(record.methods),
            roles=frozenset(role.name for role in roles),
            project_id=record.project_id,
            domain_id=record.domain_id,
            system=record.system,
            application_credential_id=record.application_credential_id,
            restricted=credential is not None and not credential.unrestricted,
        )
        return record, caller

    def roles_of(self, record: TokenRecord) -> list[Role] | None:
        """The roles that a token carries now; None if its scope is gone."""
        directory = self.directory
        if record.project_id:
            project = directory.projects.get(record.project_id)
            if project is None or not project.enabled:
                return None
            roles = directory.with_implied(directory.direct_roles(record.user_id, "project", record.project_id))
            if record.application_credential_id is None:
                return roles
            credential = self.credentials.table.get(record.application_credential_id)
            return [role for role in roles if role.id in credential.role_ids] if credential else None
        if record.system:
            return directory.with_implied(directory.direct_roles(record.user_id, "system", "all"))
        if record.domain_id:
            return directory.with_implied(directory.direct_roles(record.user_id, "domain", record.domain_id))
        return []

    def revoke(self, token: str) -> None:
        """Makes one token worthless."""
        self._table.remove(token)
        self._known.pop(token, None)

    def revoke_all_of(self, user: User) -> None:
        """Makes all tokens of a user worthless, as a changed password does.

        As with fernet tokens, whose time is cut to the second, one issued later in the same second is worthless too.
        """
        user.tokens_revoked_at = precise_stamp()
        self.directory.users.save(user)
        self.directory.changed()


def _expired(moment: str | None) -> bool:
    return moment is not None and parse(moment) <= now()
