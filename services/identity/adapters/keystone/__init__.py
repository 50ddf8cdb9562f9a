"""Keystone: the project and user of one of our projects at one cloud, by openstacksdk."""

from services.identity.adapters.keystone.directory import CloudDirectory, MadeAtCloud

__all__ = ["CloudDirectory", "MadeAtCloud"]
