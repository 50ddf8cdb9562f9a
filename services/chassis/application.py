"""Sanic, without what each request would pay for and nobody here uses."""

from collections.abc import Iterator
from typing import Any

from sanic import Sanic

_OF_REQUESTS = "http."


class _Nothing:
    """What can be awaited and does nothing, as often as one likes."""

    def __await__(self) -> Iterator[Any]:
        return iter(())


_NOTHING = _Nothing()


class Application(Sanic[Any, Any]):
    """An application that tells no signal of a request's life: to find that nobody listens took half a request's time.

    Sanic's own cure, ``TOUCHUP``, rewrites its classes for one application and breaks the next one in the process.
    """

    def dispatch(self, event: str, **how: Any) -> Any:
        """Tell the signals of the server, as Sanic does; nothing of a request's."""
        return _NOTHING if event.startswith(_OF_REQUESTS) else super().dispatch(event, **how)
