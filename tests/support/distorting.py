"""A server in front of an emulated cloud that changes what the cloud answers, for what no knob of it can plant."""

import http.client
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from services.chassis.testing.app import free_port

_SECONDS = 30
_NOT_CARRIED = ("connection", "transfer-encoding", "content-length", "date", "server")

Change = Callable[[bytes], bytes]


@dataclass
class Distorting:
    """``behind`` are the cloud's ports by the beginning of a path (the longest counts, "" is Keystone's).

    Their addresses in answers become this server's, so that a client that follows the catalogue comes here again.
    ``bodies`` change the body of answers to paths that match; ``headers`` are put in place of the cloud's own.
    """

    behind: dict[str, int]
    port: int = field(default_factory=free_port)
    headers: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Change] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Pass a request on, and return the answer as it is to be seen."""
        port = self.behind[max((one for one in self.behind if path.startswith(one)), key=len)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            given = {name: value for name, value in answer.getheaders() if name.lower() not in _NOT_CARRIED}
            date = {"Date": answer.getheader("Date") or ""}
        finally:
            connection.close()
        for one in self.behind.values():
            content = content.replace(f"127.0.0.1:{one}".encode(), f"127.0.0.1:{self.port}".encode())
        for pattern, change in self.bodies.items():
            content = change(content) if re.search(pattern, path) else content
        return answer.status, {**given, **date, **self.headers}, content


@contextmanager
def distorting(behind: dict[str, int]) -> Iterator[Distorting]:
    """Serve it while the block runs."""
    made = Distorting(behind)
    server = ThreadingHTTPServer(("127.0.0.1", made.port), _handler(made))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def _handler(made: Distorting) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            status, headers, content = made.answer(self.command, self.path, sent, body)
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass

    return Handler
