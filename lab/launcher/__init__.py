"""Starts the services and what they need, and stops exactly what it started."""
