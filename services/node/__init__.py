"""Nodes of all clouds: power, health, holds on capacity, maintenance."""
