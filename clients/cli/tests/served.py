"""A tiny HTTP server that answers what a test tells it to, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Api:
    """``answers`` are given in order to requests of a method and path, the last one for ever."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[tuple[str, str], list[tuple[int, bytes, dict[str, str]]]] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> None:
        """Answer the next request for ``path`` (with its query) with ``body``: JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault((method, path), []).append((status, content, named))

    def problem(self, method: str, path: str, status: int, code: str, **more: Any) -> None:
        """Answer with a problem document."""
        document = {"type": f"urn:cloudpoint:problem:{code}", "title": code, "status": status, "code": code}
        self.answer(method, path, {**document, "detail": f"It is {code}.", **more}, status)

    def take(self, asked: Asked) -> tuple[int, bytes, dict[str, str]]:
        """Remember a request and return what to answer."""
        self.asked.append(asked)
        waiting = self.answers.get((asked.method, asked.path))
        if not waiting:
            text = f"The test has no answer to {asked.method} {asked.path}."
            return 404, json.dumps({"title": "?", "status": 404, "detail": text}).encode(), {}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def serving() -> Iterator[Api]:
    """Serve an API on a free port of loopback."""
    api = Api()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api.take))
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


def _handler(take: Callable[[Asked], tuple[int, bytes, dict[str, str]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content, headers = take(Asked(self.command, self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    return Handler
