"""What authz refuses, each with what to do about it."""

from services.chassis.errors import Conflict, Forbidden, InvalidRequest


class MayNotCall(Forbidden):
    slug = "may-not-call"
    title = "This service may not call that one"


class SubjectSuspended(Forbidden):
    slug = "subject-suspended"
    title = "The account is suspended"
    hint = "Ask an administrator of the platform."


class TooManyProjects(Forbidden):
    slug = "too-many-projects"
    title = "A pass can't hold that many projects"
    hint = "Use an API token that is limited to the projects you need."


class NotTheHolder(Forbidden):
    slug = "not-the-holder"
    title = "The mandate belongs to another service"


class MandateRefused(Forbidden):
    slug = "mandate-refused"
    title = "The mandate is not given"


class UnknownRole(InvalidRequest):
    slug = "unknown-role"
    title = "There is no such role"


class LastManager(Conflict):
    slug = "last-manager"
    title = "A project keeps at least one manager"
    hint = "Make somebody else a manager first."
