"""Decide: which operation, who asks, what crosses, what is repeated."""
