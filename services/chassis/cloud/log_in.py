"""A log-in that threads share, and that one of them may end while others use it."""

from collections.abc import Callable
from typing import Any

from keystoneauth1 import loading

_TRIES = 5


def log_in(auth_type: str, auth: dict[str, Any]) -> Any:
    """Return a keystoneauth plugin of this type with these arguments.

    keystoneauth's own asserts (5.18) that a log-in is there still when it has just been fetched, though another thread
    may have ended it in between, by itself or since the cloud answered 401. This one fetches it anew.
    """
    plugin: Any = loading.get_plugin_loader(auth_type).load_from_options(**auth)
    plugin.get_access = _patient(plugin.get_access)
    return plugin


def _patient(get_access: Callable[..., Any]) -> Callable[..., Any]:
    def get(*arguments: Any, **named: Any) -> Any:
        for _ in range(_TRIES):
            try:
                found = get_access(*arguments, **named)
            except AssertionError:
                continue
            if found is not None:
                return found
        raise ConnectionError("The log-in at the cloud was ended again and again while it was being used.")

    return get
