"""Projects, their members; for operators also organisations and people."""

import sys

import click

from cloudpoint.command import settings
from cloudpoint.command.output import show_item, show_list
from cloudpoint.command.session import Session, first, with_session

_ROLES = click.Choice(["viewer", "member", "manager"])
_as_operator = click.option("--as-operator", is_flag=True, help="Ask at the operators' address.")


@click.group()
def project() -> None:
    """Projects and who belongs to them."""


@project.command("list")
@with_session
def list_projects(session: Session) -> None:
    """List your projects."""
    show_list(session, session.client.projects.list(), ("id", "name", "organisation_id", "created_at"))


@project.command("use")
@click.argument("project")
@with_session
def use_project(session: Session, project: str) -> None:
    """Make PROJECT the one that commands are about."""
    found = session.project(project)
    settings.save(session.settings, project=found.id)
    session.console.print(f"Commands are about {found.name} now.")


@project.command("create")
@click.argument("name")
@click.option("--organisation", required=True, help="Its organisation, by id or name.")
@with_session
def create_project(session: Session, name: str, organisation: str) -> None:
    """Make a project (for operators)."""
    owner = first(session.operator.organisations.list(), organisation, "organisation", session)
    show_item(session, session.operator.projects.create(owner.id, name), ("id", "name", "organisation_id"))


@project.command("members")
@click.option("--project", help="Which project; the one in use if left out.")
@with_session
def list_members(session: Session, project: str | None) -> None:
    """List who belongs to a project."""
    found = session.project(project)
    show_list(session, session.client.projects.members(found.id), ("user_id", "email", "name", "role"))


@project.command("set-member")
@click.argument("user")
@click.argument("role", type=_ROLES)
@click.option("--project", help="Which project; the one in use if left out.")
@_as_operator
@with_session
def set_member(session: Session, user: str, role: str, project: str | None, as_operator: bool) -> None:
    """Give USER (an id or e-mail address) a ROLE in a project."""
    client = session.operator if as_operator else session.client
    member = client.projects.set_member(session.project(project).id, user, role)
    show_item(session, member, ("user_id", "email", "name", "role"))


@project.command("remove-member")
@click.argument("user")
@click.option("--project", help="Which project; the one in use if left out.")
@_as_operator
@with_session
def remove_member(session: Session, user: str, project: str | None, as_operator: bool) -> None:
    """Take USER (an id or e-mail address) out of a project."""
    client = session.operator if as_operator else session.client
    client.projects.remove_member(session.project(project).id, user)


@click.group()
def organisation() -> None:
    """Organisations (for operators)."""


@organisation.command("list")
@with_session
def list_organisations(session: Session) -> None:
    """List organisations."""
    show_list(session, session.operator.organisations.list(), ("id", "name", "created_at"))


@organisation.command("create")
@click.argument("name")
@with_session
def create_organisation(session: Session, name: str) -> None:
    """Make an organisation."""
    show_item(session, session.operator.organisations.create(name), ("id", "name"))


@click.group()
def user() -> None:
    """People (for operators)."""


@user.command("list")
@with_session
def list_users(session: Session) -> None:
    """List people."""
    show_list(session, session.operator.users.list(), ("id", "email", "name", "state"))


@user.command("create")
@click.argument("email")
@click.option("--name", required=True, help="Their name.")
@click.option("--platform-role", type=click.Choice(["operator", "admin"]), help="For people who run the platform.")
@click.option("--password-stdin", is_flag=True, help="Read their first password from standard input.")
@with_session
def create_user(session: Session, email: str, name: str, platform_role: str | None, password_stdin: bool) -> None:
    """Make a person."""
    given = sys.stdin.readline().rstrip("\n") if password_stdin else _new_password()
    show_item(session, session.operator.users.create(email, name, given, platform_role), ("id", "email", "name"))


@user.command("suspend")
@click.argument("user")
@with_session
def suspend_user(session: Session, user: str) -> None:
    """Suspend somebody: at once nothing of theirs is let in, and their operations pause."""
    show_item(session, session.operator.users.set_state(user, "suspended"), ("id", "email", "state"))


@user.command("restore")
@click.argument("user")
@with_session
def restore_user(session: Session, user: str) -> None:
    """Let somebody in again."""
    show_item(session, session.operator.users.set_state(user, "active"), ("id", "email", "state"))


def _new_password() -> str:
    answer: str = click.prompt("Their first password", hide_input=True, confirmation_prompt=True)
    return answer


COMMANDS = (project, organisation, user)
