"""Tests of authz, on a real PostgreSQL."""
