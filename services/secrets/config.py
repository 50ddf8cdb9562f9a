"""What secrets takes beyond what every service takes."""

import msgspec

from services.chassis.config import Secret, ServiceSettings


class MasterKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One master key: 32 random bytes in base64, from a file or the environment."""

    version: int
    key: Secret


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """``master_keys``: the one with the highest version seals, the others still open what they sealed."""

    master_keys: tuple[MasterKey, ...]
