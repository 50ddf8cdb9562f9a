"""A single HOT of others becomes the folder of a blueprint: what it asks, which machines it makes, what it tells.

docs/adr/0006-own-blueprints.md says what becomes of what.
"""

from services.blueprint.domain.single.folder import folder_around, is_single

__all__ = ["folder_around", "is_single"]
