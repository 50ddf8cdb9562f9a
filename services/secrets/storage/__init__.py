"""The SQL of secrets. Every function works in the caller's transaction."""
