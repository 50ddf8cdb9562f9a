"""What all request bodies from outside share."""

from typing import Annotated

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Slug = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$",
        description="Lower-case letters, digits and hyphens; begins with a letter; at most 63 characters.",
    ),
]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request's body from outside: unknown fields are refused."""
