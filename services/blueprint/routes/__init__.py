"""Translate HTTP: each file one noun."""
