"""People, organisations, projects and credentials, as they cross the wire."""

from typing import Annotated, Any

import msgspec

from services.contracts.body import Body, Name, Slug
from services.contracts.times import Timestamp

Email = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]


class LogIn(Body, frozen=True):
    email: Email
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session token (EdDSA JWT) and until when it is good."""

    id: str
    token: str
    user_id: str
    expires_at: Timestamp


class SessionClaims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Claims of a session token (``session+jwt``, issuer ``identity``), which authz exchanges for passes.

    ``sid`` is the credential (session or API token); ``projects`` and ``role``, if given, narrow what it may do.
    ``iat`` has a fraction, so that a log-in in the second after a revocation is good.
    """

    iss: str
    sub: str
    sid: str
    iat: float
    exp: float
    projects: tuple[str, ...] | None = None
    role: str | None = None


class VerifyToken(msgspec.Struct, frozen=True):
    """The gateway asks about an API token as it was presented."""

    token: str


class VerifiedToken(msgspec.Struct, frozen=True):
    """A short session token that stands for an API token that is good."""

    session_token: str
    expires_at: Timestamp


class User(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    email: str
    name: str
    state: str
    created_at: Timestamp


class CreateUser(Body, frozen=True):
    email: Email
    name: Name
    password: Annotated[str, msgspec.Meta(min_length=12, max_length=1024)]
    platform_role: str | None = None


class ChangePassword(Body, frozen=True):
    """One's own password: the old one is asked for again, and every session ends."""

    old_password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    new_password: Annotated[str, msgspec.Meta(min_length=12, max_length=1024)]


class ChangeUser(Body, frozen=True):
    """``state`` is ``active`` or ``suspended``."""

    state: str


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    created_at: Timestamp


class CreateOrganisation(Body, frozen=True):
    name: Slug


class Project(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    organisation_id: str
    name: str
    created_at: Timestamp


class AskOrganisations(msgspec.Struct, frozen=True):
    """Which organisations do these projects belong to?"""

    projects: list[str]


class ProjectOrganisations(msgspec.Struct, frozen=True):
    """The id of each project's organisation; projects that are not there are left out."""

    organisations: dict[str, str]


class CreateProject(Body, frozen=True):
    organisation: str
    name: Slug


class Member(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str
    email: str
    name: str
    role: str


class SetMember(Body, frozen=True):
    """``role`` is ``viewer``, ``member`` or ``manager``."""

    role: str


class SshKey(msgspec.Struct, frozen=True, kw_only=True):
    """``fingerprint`` is the SHA-256 one of OpenSSH."""

    id: str
    name: str
    public_key: str
    fingerprint: str
    created_at: Timestamp


class AddSshKey(Body, frozen=True):
    name: Name
    public_key: Annotated[str, msgspec.Meta(max_length=16_384)]


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    projects: list[str] | None
    role: str | None
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None


class CreatedApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """The token itself is shown here and never again."""

    id: str
    token: str
    expires_at: Timestamp | None


class CreateApiToken(Body, frozen=True):
    name: Name
    projects: list[str] | None = None
    role: str | None = None
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = 90


class CloudCredential(msgspec.Struct, frozen=True, kw_only=True):
    """How to be a project at its cloud: keystoneauth's plugin name and its arguments, region and Keystone project."""

    cloud_id: str
    auth_type: str
    auth: dict[str, Any]
    region: str
    cloud_project_id: str
