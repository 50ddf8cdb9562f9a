"""The SQL of authz. Every function works in the caller's transaction."""
