"""Tests of identity, with a real authz and a real secrets beside it."""
