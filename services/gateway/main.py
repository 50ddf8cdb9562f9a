"""The gateway as a service."""

import asyncio
from collections.abc import Sequence

from services.chassis.service import Background, Listener, Service
from services.gateway.config import Settings
from services.gateway.factory import Gateway, open_gateway
from services.gateway.routes.listener import listener_app
from services.gateway.schema import SCHEMA

_PURGE_SECONDS = 600.0


def listeners(gateway: Gateway) -> Sequence[Listener]:
    """Return the public and the operators' listener."""
    settings = gateway.settings
    return [
        Listener(listener_app(gateway, "public", settings.listen.port), settings.listen.port),
        Listener(listener_app(gateway, "operator", settings.operator_port), settings.operator_port),
    ]


def background(gateway: Gateway) -> Sequence[Background]:
    """Return what runs beside the listeners."""

    async def purge() -> None:
        while True:
            await gateway.store.purge()
            await asyncio.sleep(_PURGE_SECONDS)

    return [gateway.streams.run, gateway.hear_bindings, purge]


SERVICE = Service(
    name="gateway",
    summary="The doors of the platform.",
    settings=Settings,
    tables=(),
    context=open_gateway,
    background=background,
    schema=SCHEMA,
    listeners=listeners,
)
"""Run by ``python -m services.gateway``; its routes are those of the services behind (``compose``)."""
