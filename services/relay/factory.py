"""What the relay has beyond its process."""

from dataclasses import dataclass
from pathlib import Path

from services.relay.config import Settings, routes_of
from services.relay.domain.clouds import Clouds
from services.relay.domain.registry import Sessions


@dataclass(frozen=True)
class Factory:
    """The singletons of a relay process."""

    settings: Settings
    clouds: Clouds
    sessions: Sessions

    async def expire(self) -> None:
        """Close sessions as they expire, until cancelled."""
        await self.sessions.expire_forever(self.settings.expire_every_seconds)


def make_factory(settings: Settings) -> Factory:
    """Assemble the relay, which has no data of its own and calls nobody."""
    clouds = Clouds(routes_of(settings), settings.connect_seconds)
    sessions = Sessions(
        clouds,
        Path(settings.sockets_folder),
        sessions_at_most=settings.sessions_at_most,
        connections_per_host=settings.connections_per_host,
    )
    return Factory(settings, clouds, sessions)
