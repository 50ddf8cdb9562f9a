"""RabbitMQ for services: events out with confirms, events in with dead letters and backoff."""

from services.chassis.bus.bus import Bus, BusUnavailable
from services.chassis.bus.consumer import Handler
from services.chassis.bus.event import Event, new_event
from services.chassis.bus.settings import BusSettings

__all__ = ["Bus", "BusSettings", "BusUnavailable", "Event", "Handler", "new_event"]
