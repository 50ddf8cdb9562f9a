"""Machine groups by Heat: one stack a group. The word "stack" appears here and in blueprints, nowhere else."""

from services.cluster.adapters.heat.groups import HeatMachineGroups

__all__ = ["HeatMachineGroups"]
