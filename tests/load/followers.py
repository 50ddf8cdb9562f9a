"""Many clients of one live stream, in a process of their own: how old each event was when it came.

It reads its job from stdin and, told so by a line, answers with the ages in milliseconds. Plain sockets: two thousand
clients of a library would measure the library.
"""

import asyncio
import datetime
import re
import sys
import time

import msgspec
import uvloop

_AT = re.compile(rb'"at":"([^"]+)"')
_OPEN_AT_ONCE = 50


class Job(msgspec.Struct, frozen=True):
    """``count`` streams of ``path`` at a port of loopback, with ``headers``."""

    port: int
    path: str
    headers: dict[str, str]
    count: int


class Follower(asyncio.Protocol):
    """One client: asks once, then notes the age of each event."""

    def __init__(self, request: bytes, ages: list[float]) -> None:
        self._request = request
        self._ages = ages
        self._rest = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now = time.time()
        *whole, self._rest = (self._rest + data).split(b"\n\n")
        for text in whole:
            if found := _AT.search(text):
                self._ages.append(1000 * (now - datetime.datetime.fromisoformat(found[1].decode()).timestamp()))
        if not self.opened.done():
            first_line = data.split(b"\r\n", 1)[0]
            if b" 200 " in first_line:
                self.opened.set_result(None)
            else:
                self.opened.set_exception(RuntimeError(first_line.decode(errors="replace")))

    def connection_lost(self, error: Exception | None) -> None:
        if self.opened.done():
            sys.stderr.write(f"A stream ended: {error!r}\n")
        else:
            self.opened.set_exception(RuntimeError(f"the stream did not open: {error!r}"))


async def follow(job: Job) -> None:
    """Open the streams, say so, and tell the ages when a line asks for them."""
    loop, ages = asyncio.get_running_loop(), list[float]()
    head = "".join(f"{name}: {value}\r\n" for name, value in job.headers.items())
    request = f"GET {job.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode()
    turns = asyncio.Semaphore(_OPEN_AT_ONCE)

    async def open_one() -> None:
        async with turns:
            _, follower = await loop.create_connection(lambda: Follower(request, ages), "127.0.0.1", job.port)
            await follower.opened

    await asyncio.gather(*(open_one() for _ in range(job.count)))
    sys.stdout.write("open\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    sys.stdout.write(msgspec.json.encode(ages).decode() + "\n")


if __name__ == "__main__":
    uvloop.run(follow(msgspec.json.decode(sys.stdin.readline(), type=Job)))
