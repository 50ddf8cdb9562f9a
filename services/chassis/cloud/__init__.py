"""Authenticated OpenStack sessions: the one module that makes them, with deadlines and bounded threads."""

from services.chassis.cloud.access import CloudAccess, CloudFailure, CloudThreads

__all__ = ["CloudAccess", "CloudFailure", "CloudThreads"]
