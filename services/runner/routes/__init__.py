"""The runner's internal API."""
