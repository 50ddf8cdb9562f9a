"""Server-sent events, as the HTML standard (section 9.2.6) says to read them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One block of a stream: an event, or a heartbeat if ``data`` is empty; ``id`` is the last one seen."""

    event: str
    data: str
    id: str | None


def frames_of(lines: Iterable[str]) -> Iterator[Frame]:
    """Yield the frames in lines (without their ends).

    What follows the last empty line is no frame: the stream was cut there.
    """
    event, data, last_id = "message", list[str](), None
    for line in lines:
        if not line:
            yield Frame(event, "\n".join(data), last_id)
            event, data = "message", []
        elif not line.startswith(":"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                event = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                last_id = value
