"""What all bodies of the API share: they remember the JSON that they came in."""

from typing import TypeVar

import msgspec


class Answer(msgspec.Struct, dict=True):
    """A body of the API; unknown fields are ignored when it is read."""

    @property
    def raw(self) -> bytes:
        """The JSON as the API wrote it, byte for byte; made anew for a body that came from nowhere."""
        kept: bytes | None = self.__dict__.get("raw_json")
        return msgspec.json.encode(self) if kept is None else kept


A = TypeVar("A", bound=Answer)


def answer_of(raw: bytes, wanted: type[A]) -> A:
    """Decode a body and keep what it was decoded from; raises msgspec.MsgspecError."""
    answer = msgspec.json.decode(raw, type=wanted)
    answer.__dict__["raw_json"] = raw
    return answer
