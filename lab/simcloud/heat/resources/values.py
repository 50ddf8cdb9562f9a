"""Resources with nothing behind them: OS::Heat::None, Value and RandomString."""

import secrets
import string
from typing import Any, ClassVar

from lab.simcloud.heat.resources.resource import Property, ResourceType, Work

ALPHABETS = {
    "lettersdigits": string.ascii_letters + string.digits,
    "letters": string.ascii_letters,
    "lowercase": string.ascii_lowercase,
    "uppercase": string.ascii_uppercase,
    "digits": string.digits,
    "hexdigits": "0123456789ABCDEF",
    "octdigits": string.octdigits,
    "hexdigits_lower": "0123456789abcdef",
}


class HeatNone(ResourceType):
    """Does nothing."""

    name = "OS::Heat::None"
    any_attribute = True

    async def create(self, work: Work) -> None:
        """Takes its record's id for its own."""
        work.record.physical_id = work.record.id

    async def delete(self, work: Work) -> None:
        """There is nothing."""


class HeatValue(ResourceType):
    """Holds a value."""

    name = "OS::Heat::Value"
    properties: ClassVar = {
        "value": Property("any", required=True, updatable=True),
        "type": Property(updatable=True, allowed=("string", "number", "comma_delimited_list", "json", "boolean")),
    }
    attributes = ("value",)

    async def create(self, work: Work) -> None:
        """Takes its record's id for its own."""
        work.record.physical_id = work.record.id

    async def delete(self, work: Work) -> None:
        """There is nothing."""

    def attribute(self, work: Work, name: str) -> Any:
        """The value."""
        return work.record.properties.get("value")


class HeatRandomString(ResourceType):
    """Makes a random text once."""

    name = "OS::Heat::RandomString"
    properties: ClassVar = {
        "length": Property("integer", default=32),
        "sequence": Property(allowed=tuple(ALPHABETS)),
        "character_classes": Property("list"),
        "salt": Property(),
    }
    attributes = ("value",)

    async def create(self, work: Work) -> None:
        """Chooses the text and keeps it."""
        alphabet = ALPHABETS[work.properties.get("sequence") or "lettersdigits"]
        length = int(work.properties.get("length") or 32)
        if "value" not in work.record.data:
            work.record.data["value"] = "".join(secrets.choice(alphabet) for _ in range(length))
        work.record.physical_id = work.record.data["value"]

    async def delete(self, work: Work) -> None:
        """There is nothing."""

    def attribute(self, work: Work, name: str) -> Any:
        """The text."""
        return work.record.data.get("value")
