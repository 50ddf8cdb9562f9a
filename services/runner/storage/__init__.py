"""The runner's rows."""
