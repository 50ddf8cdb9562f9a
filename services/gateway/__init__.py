"""The doors of the platform: the public and the operators' listener."""
