"""SQL of the node service."""
