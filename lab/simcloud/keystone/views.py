"""Keystone's records as its API shows them."""

from typing import Any

from lab.simcloud.keystone.catalog import Catalog
from lab.simcloud.keystone.directory import Directory
from lab.simcloud.keystone.records import (
    ApplicationCredential,
    Assignment,
    Domain,
    Project,
    Role,
    TokenRecord,
    Trust,
    User,
)
from lab.simcloud.keystone.tokens import Tokens

# Roles that `keystone-manage bootstrap` makes: nobody changes them.
MADE_BY_BOOTSTRAP = ("admin", "manager", "member", "reader", "service")


class Views:
    """Builds the JSON objects, with links by the address of this Keystone."""

    def __init__(self, root: str, directory: Directory, catalog: Catalog) -> None:
        """root: the address up to and without `/v3`."""
        self._root = f"{root}/v3"
        self._directory = directory
        self._catalog = catalog

    def _links(self, path: str) -> dict[str, str]:
        return {"self": f"{self._root}/{path}"}

    def page(self, name: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        """A list; Keystone gives all of it at once."""
        return {name: items, "links": {"self": f"{self._root}/{name}", "previous": None, "next": None}}

    def domain(self, domain: Domain) -> dict[str, Any]:
        """GET /v3/domains/{id}"""
        return {
            "id": domain.id,
            "name": domain.name,
            "description": domain.description,
            "enabled": domain.enabled,
            "tags": [],
            "options": {},
            "links": self._links(f"domains/{domain.id}"),
        }

    def project(self, project: Project) -> dict[str, Any]:
        """GET /v3/projects/{id}"""
        return {
            "id": project.id,
            "name": project.name,
            "domain_id": project.domain_id,
            "parent_id": project.parent_id,
            "description": project.description,
            "enabled": project.enabled,
            "is_domain": False,
            "tags": project.tags,
            "options": project.options,
            "links": self._links(f"projects/{project.id}"),
        }

    def user(self, user: User) -> dict[str, Any]:
        """GET /v3/users/{id}"""
        shown = {
            "id": user.id,
            "name": user.name,
            "domain_id": user.domain_id,
            "enabled": user.enabled,
            "password_expires_at": None,
            "options": {},
            "links": self._links(f"users/{user.id}"),
        }
        optional = {
            "default_project_id": user.default_project_id,
            "description": user.description,
            "email": user.email,
        }
        return shown | {key: value for key, value in optional.items() if value is not None}

    def role(self, role: Role) -> dict[str, Any]:
        """GET /v3/roles/{id}"""
        return {
            "id": role.id,
            "name": role.name,
            "description": role.description,
            "domain_id": role.domain_id,
            "options": {"immutable": True} if role.name in MADE_BY_BOOTSTRAP else {},
            "links": self._links(f"roles/{role.id}"),
        }

    def assignment(self, assignment: Assignment, names: bool) -> dict[str, Any]:
        """One line of GET /v3/role_assignments; names: with `include_names`."""
        scope: dict[str, Any]
        if assignment.target_kind == "system":
            scope = {"system": {"all": True}}
        elif assignment.target_kind == "project":
            scope = {"project": self._named(self._directory.projects.get(assignment.target_id), names)}
        else:
            scope = {"domain": self._named(self._directory.domains.get(assignment.target_id), names)}
        return {
            "scope": scope,
            "user": self._named(self._directory.users.get(assignment.user_id), names),
            "role": self._named(self._directory.roles.get(assignment.role_id), names),
            "links": {"assignment": f"{self._root}/{_place(assignment)}"},
        }

    def _named(self, record: Domain | Project | User | Role | None, names: bool) -> dict[str, Any]:
        if record is None:
            return {}
        if not names:
            return {"id": record.id}
        shown: dict[str, Any] = {"id": record.id, "name": record.name}
        if isinstance(record, Project | User):
            shown["domain"] = self._named(self._directory.domains.get(record.domain_id), True)
        return shown

    def credential(self, credential: ApplicationCredential, secret: str | None = None) -> dict[str, Any]:
        """An application credential; its secret only when it was just made."""
        roles = [self._directory.roles.get(role_id) for role_id in credential.role_ids]
        shown = {
            "id": credential.id,
            "name": credential.name,
            "description": credential.description,
            "user_id": credential.user_id,
            "project_id": credential.project_id,
            "system": None,
            "roles": [_without_links(self.role(role)) for role in roles if role],
            "expires_at": credential.expires_at,
            "unrestricted": credential.unrestricted,
            "links": self._links(f"users/{credential.user_id}/application_credentials/{credential.id}"),
        }
        return shown | ({"secret": secret} if secret else {})

    def trust(self, trust: Trust) -> dict[str, Any]:
        """GET /v3/OS-TRUST/trusts/{id}"""
        roles = [self._directory.roles.get(role_id) for role_id in trust.role_ids]
        return {
            "id": trust.id,
            "trustor_user_id": trust.trustor_user_id,
            "trustee_user_id": trust.trustee_user_id,
            "project_id": trust.project_id,
            "impersonation": trust.impersonation,
            "expires_at": trust.expires_at,
            "deleted_at": None,
            "redelegation_count": 0,
            "redelegated_trust_id": None,
            "remaining_uses": None,
            "roles": [self.role(role) for role in roles if role],
            "roles_links": {**self._links(f"OS-TRUST/trusts/{trust.id}/roles"), "previous": None, "next": None},
            "links": self._links(f"OS-TRUST/trusts/{trust.id}"),
        }

    def token(self, tokens: Tokens, record: TokenRecord, with_catalog: bool) -> dict[str, Any]:
        """The body of POST and GET /v3/auth/tokens."""
        user = self._directory.users.get(record.user_id)
        shown: dict[str, Any] = {
            "methods": record.methods,
            "user": self._named(user, True) | {"password_expires_at": None},
            "audit_ids": [record.audit_id],
            "expires_at": record.expires_at,
            "issued_at": record.issued_at,
        }
        if record.project_id:
            shown["project"] = self._named(self._directory.projects.get(record.project_id), True)
            shown["is_domain"] = False
        elif record.system:
            shown["system"] = {"all": True}
        elif record.domain_id:
            shown["domain"] = self._named(self._directory.domains.get(record.domain_id), True)
        if not (record.project_id or record.system or record.domain_id):
            return shown
        shown["roles"] = [{"id": role.id, "name": role.name} for role in tokens.roles_of(record) or []]
        if with_catalog:
            shown["catalog"] = self._catalog.for_token(record.project_id)
        credential = tokens.credentials.table.get(record.application_credential_id or "")
        if credential:
            shown["application_credential"] = {
                "id": credential.id,
                "name": credential.name,
                "restricted": not credential.unrestricted,
            }
        return shown


def _without_links(view: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in view.items() if key != "links"}


def _place(assignment: Assignment) -> str:
    """The path by which an assignment is made and taken back."""
    on = "system" if assignment.target_kind == "system" else f"{assignment.target_kind}s/{assignment.target_id}"
    return f"{on}/users/{assignment.user_id}/roles/{assignment.role_id}"
