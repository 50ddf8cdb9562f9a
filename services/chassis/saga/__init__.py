"""Work of many steps that survives its workers: parked, resumed, cancelled, undone, and never done by two at once."""

from services.chassis.saga.tables import add_saga

__all__ = ["add_saga"]
