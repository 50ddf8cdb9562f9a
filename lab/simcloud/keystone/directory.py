"""Domains, projects, users, roles and who has which role where."""

import sqlite3
from typing import Any, TypeVar

from lab.simcloud.errors import conflict, not_found
from lab.simcloud.keystone.passwords import hashed
from lab.simcloud.keystone.records import Assignment, Domain, Project, Role, User
from lab.simcloud.store import Record, Table, new_hex_id

R = TypeVar("R", bound=Record)

IMPLIED_ROLES = {"admin": "manager", "manager": "member", "member": "reader"}


def or_missing(kind: str, record: R | None, record_id: str) -> R:
    """The record, or Keystone's 404 for it."""
    if record is None:
        raise not_found(f"Could not find {kind}: {record_id}.")
    return record


class Directory:
    """Keystone's own data. `generation` grows with every change, so that others may cache what they read."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.domains = Table(database, "domains", Domain, ("name",))
        self.projects = Table(database, "projects", Project, ("name", "domain_id", "enabled", "parent_id"))
        self.users = Table(database, "users", User, ("name", "domain_id", "enabled"))
        self.roles = Table(database, "roles", Role, ("name",))
        self.assignments = Table(
            database, "assignments", Assignment, ("user_id", "role_id", "target_kind", "target_id")
        )
        self.generation = 0

    def changed(self) -> None:
        """Tells caches that something is different now."""
        self.generation += 1

    def create_domain(self, name: str, domain_id: str | None = None, description: str = "") -> Domain:
        """Makes a domain; 409 if the name is taken."""
        if self.domains.first(name=name):
            raise conflict(_duplicate("domain", name))
        return self.domains.add(Domain(id=domain_id or new_hex_id(), name=name, description=description))

    def create_project(self, name: str, domain_id: str = "default", **fields: Any) -> Project:
        """Makes a project; 409 if the domain has one of that name."""
        or_missing("domain", self.domains.get(domain_id), domain_id)
        if self.projects.first(name=name, domain_id=domain_id):
            raise conflict(
                "Conflict occurred attempting to store project - it is not permitted to have two projects with either "
                f"the same name or same id in the same domain: name is {name}, project id {new_hex_id()}."
            )
        return self.projects.add(Project(id=new_hex_id(), name=name, domain_id=domain_id, **fields))

    def create_user(self, name: str, password: str | None, domain_id: str = "default", **fields: Any) -> User:
        """Makes a user; 409 if the domain has one of that name."""
        or_missing("domain", self.domains.get(domain_id), domain_id)
        if self.users.first(name=name, domain_id=domain_id):
            raise conflict(_duplicate("user", f"{name} at domain ID {domain_id}"))
        secret = hashed(password) if password else None
        return self.users.add(User(id=new_hex_id(), name=name, domain_id=domain_id, password=secret, **fields))

    def create_role(self, name: str, description: str | None = None) -> Role:
        """Makes a role; 409 if the name is taken."""
        if self.roles.first(name=name):
            raise conflict(_duplicate("role", name))
        return self.roles.add(Role(id=new_hex_id(), name=name, description=description))

    def grant(self, user_id: str, role_id: str, target_kind: str, target_id: str) -> None:
        """Gives a role; giving it twice is fine, 404 if one of the parts does not exist."""
        or_missing("user", self.users.get(user_id), user_id)
        or_missing("role", self.roles.get(role_id), role_id)
        self._target(target_kind, target_id)
        grant_id = f"{user_id}/{target_kind}/{target_id}/{role_id}"
        if self.assignments.get(grant_id) is None:
            self.assignments.add(
                Assignment(id=grant_id, user_id=user_id, role_id=role_id, target_kind=target_kind, target_id=target_id)
            )
        self.changed()

    def revoke(self, user_id: str, role_id: str, target_kind: str, target_id: str) -> None:
        """Takes a role away; 404 if it was not given."""
        found = self.assignments.first(user_id=user_id, role_id=role_id, target_kind=target_kind, target_id=target_id)
        self.assignments.remove(or_missing("role assignment with role", found, role_id).id)
        self.changed()

    def _target(self, target_kind: str, target_id: str) -> None:
        if target_kind == "project":
            or_missing("project", self.projects.get(target_id), target_id)
        elif target_kind == "domain":
            or_missing("domain", self.domains.get(target_id), target_id)

    def direct_roles(self, user_id: str, target_kind: str, target_id: str) -> list[Role]:
        """The roles given to the user there."""
        grants = self.assignments.find(user_id=user_id, target_kind=target_kind, target_id=target_id)
        return [role for grant in grants if (role := self.roles.get(grant.role_id))]

    def with_implied(self, roles: list[Role]) -> list[Role]:
        """The roles and those that they imply (admin implies manager, member and reader)."""
        names = {role.name: role for role in roles}
        for role in roles:
            name = role.name
            while implied := IMPLIED_ROLES.get(name):
                if implied not in names and (found := self.roles.first(name=implied)):
                    names[implied] = found
                name = implied
        return list(names.values())

    def projects_of(self, user_id: str) -> list[Project]:
        """Enabled projects on which the user has a role."""
        grants = self.assignments.find(user_id=user_id, target_kind="project")
        ids = dict.fromkeys(grant.target_id for grant in grants)
        found = [self.projects.get(project_id) for project_id in ids]
        return [project for project in found if project and project.enabled]

    def remove_project(self, project_id: str) -> None:
        """Forgets a project and every role on it."""
        or_missing("project", self.projects.get(project_id), project_id)
        self.projects.remove(project_id)
        self.assignments.remove_where(target_kind="project", target_id=project_id)
        self.changed()

    def remove_user(self, user_id: str) -> None:
        """Forgets a user and all its roles."""
        or_missing("user", self.users.get(user_id), user_id)
        self.users.remove(user_id)
        self.assignments.remove_where(user_id=user_id)
        self.changed()


def _duplicate(kind: str, what: str) -> str:
    return f"Conflict occurred attempting to store {kind} - Duplicate entry found with name {what}."
