"""SQL of the blueprint service."""
