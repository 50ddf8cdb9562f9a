"""One WebSocket to a service for one of a client: frames as they come, each side as fast as the other takes them."""

import asyncio
from typing import Any

import aiohttp
from sanic.exceptions import WebsocketClosed
from websockets.exceptions import ConnectionClosed

_GOING_AWAY = 1001
_INTERNAL_ERROR = 1011
_NOT_SENT = frozenset({1005, 1006, 1015})
"""Codes that say how a connection ended and are never sent (RFC 6455, section 7.4.1)."""

_Ending = tuple[int, str]


async def bridge(client: Any, service: aiohttp.ClientWebSocketResponse) -> None:
    """Carry frames both ways until either side closes; then close the other with the same code and reason."""
    inwards = asyncio.create_task(_inwards(client, service))
    outwards = asyncio.create_task(_outwards(client, service))
    ending: _Ending = (_GOING_AWAY, "")
    try:
        done, _ = await asyncio.wait((inwards, outwards), return_when=asyncio.FIRST_COMPLETED)
        ending = _ending(client, outwards if outwards in done else None)
    finally:
        for task in (inwards, outwards):
            task.cancel()
        await asyncio.gather(inwards, outwards, return_exceptions=True)
        await service.close(code=ending[0], message=ending[1].encode())
        await client.close(*ending)


async def _inwards(client: Any, service: aiohttp.ClientWebSocketResponse) -> None:
    while True:
        message = await client.recv()
        if isinstance(message, str):
            await service.send_str(message)
        elif message is not None:
            await service.send_bytes(message)


async def _outwards(client: Any, service: aiohttp.ClientWebSocketResponse) -> _Ending:
    while True:
        message = await service.receive()
        if message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
            await client.send(message.data)
        elif message.type is aiohttp.WSMsgType.CLOSE:
            return int(message.data or _GOING_AWAY), message.extra or ""
        else:
            return _INTERNAL_ERROR, "The service went away."


def _ending(client: Any, outwards: "asyncio.Task[_Ending] | None") -> _Ending:
    """Return how the side that ended first did so, as the other side is told."""
    if outwards is not None and not outwards.cancelled() and outwards.exception() is None:
        code, reason = outwards.result()
    elif outwards is not None and not isinstance(outwards.exception(), WebsocketClosed | ConnectionClosed):
        code, reason = _INTERNAL_ERROR, ""
    else:
        received = client.ws_proto.close_rcvd
        code, reason = (received.code, received.reason) if received else (_GOING_AWAY, "")
    return (_GOING_AWAY if code in _NOT_SENT else code), reason
