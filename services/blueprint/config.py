"""Configuration of the blueprint service."""

import msgspec

from services.chassis.config import ServiceSettings


class CatalogueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The folders that hold one folder a blueprint and one folder an element."""

    blueprints: str
    elements: str


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """Settings of the blueprint service."""

    catalogue: CatalogueSettings
