"""Tests of the gateway, on real sockets, a real PostgreSQL and the real authz."""
