"""Tests of secrets, on a real PostgreSQL and against real OpenSSH."""
