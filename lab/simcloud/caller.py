"""Who is calling: what a valid Keystone token says."""

import msgspec


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The subject of a token and its scope: a project, a domain, the system, or none of them."""

    user_id: str
    user_name: str
    methods: tuple[str, ...]
    roles: frozenset[str]
    project_id: str | None = None
    domain_id: str | None = None
    system: bool = False
    application_credential_id: str | None = None
    restricted: bool = False

    @property
    def is_admin(self) -> bool:
        """Has the admin role in its scope."""
        return "admin" in self.roles

    @property
    def is_system_admin(self) -> bool:
        """Operator of the whole cloud."""
        return self.system and self.is_admin

    @property
    def is_system_reader(self) -> bool:
        """May see the whole cloud."""
        return self.system and "reader" in self.roles
