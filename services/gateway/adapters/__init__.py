"""The way to the services behind, and to identity."""
