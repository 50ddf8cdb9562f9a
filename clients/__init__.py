"""Who calls the public API: what is here imports nothing of services or lab."""
