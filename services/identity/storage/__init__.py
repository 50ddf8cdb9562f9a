"""The SQL of identity. Every function works in the caller's transaction."""
