"""Serves one WSGI application of OpenStack: `python -P wsgi_server.py NAME PORT THREADS MODULE [ARGUMENT…]`.

It runs in OpenStack's own environment and knows nothing of ours. Heat's and Neutron's modules read `sys.argv` while
they are imported, so that gunicorn is embedded and `sys.argv` holds what the service expects.
"""

import importlib
import sys

from gunicorn.app.base import BaseApplication

# Heat and Nova hold a request as long as what they call takes.
REQUEST_DEADLINE_SECONDS = 300
STOP_SECONDS = 5


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one process that has several threads."""

    def __init__(self, name: str, port: int, threads: int, module: str) -> None:
        self._settings = {
            "bind": f"127.0.0.1:{port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": threads,
            "timeout": REQUEST_DEADLINE_SECONDS,
            "graceful_timeout": STOP_SECONDS,
            "proc_name": name,
            "control_socket_disable": True,
            # Tokens with large catalogues make long headers.
            "limit_request_field_size": 0,
            "limit_request_line": 0,
        }
        self._module = module
        super().__init__()

    def load_config(self) -> None:
        """What gunicorn asks for first."""
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> object:
        """The application, imported in the process that serves it."""
        return importlib.import_module(self._module).application


if __name__ == "__main__":
    name, port, threads, module, *arguments = sys.argv[1:]
    sys.argv = [name, *arguments]
    Server(name, int(port), int(threads), module).run()
