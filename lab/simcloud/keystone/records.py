"""What Keystone stores."""

from typing import Any

from lab.simcloud.store import Record


class Domain(Record):
    """A namespace of users and projects."""

    name: str
    description: str = ""
    enabled: bool = True


class Project(Record):
    """What owns stacks, servers and ports."""

    name: str
    domain_id: str = "default"
    parent_id: str = "default"
    description: str = ""
    enabled: bool = True
    tags: list[str] = []
    options: dict[str, Any] = {}


class User(Record):
    """Someone who logs in. `password` is a salted hash, or None for nobody's.

    Tokens issued up to `tokens_revoked_at`, by whole seconds, are worthless.
    """

    name: str
    domain_id: str = "default"
    enabled: bool = True
    password: str | None = None
    default_project_id: str | None = None
    description: str | None = None
    email: str | None = None
    tokens_revoked_at: str | None = None


class Role(Record):
    """A name that policies know."""

    name: str
    description: str | None = None
    domain_id: str | None = None


class Assignment(Record):
    """A role of a user on a project, a domain or the system (target kind `system`, target `all`)."""

    user_id: str
    role_id: str
    target_kind: str
    target_id: str


class ApplicationCredential(Record):
    """A secret that stands for a user on one project with fixed roles."""

    name: str
    user_id: str
    project_id: str
    secret: str
    role_ids: list[str]
    unrestricted: bool = False
    description: str | None = None
    expires_at: str | None = None


class TokenRecord(Record):
    """An issued token, as far as it cannot be worked out again from the directory."""

    user_id: str
    methods: list[str]
    audit_id: str
    issued_at: str
    expires_at: str
    project_id: str | None = None
    domain_id: str | None = None
    system: bool = False
    application_credential_id: str | None = None


class Trust(Record):
    """A user's permission for another to act in its name on a project."""

    trustor_user_id: str
    trustee_user_id: str
    project_id: str
    impersonation: bool
    role_ids: list[str]
    expires_at: str | None = None
