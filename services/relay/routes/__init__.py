"""The relay's internal API."""
