"""Translate HTTP: the listeners and what they show of themselves."""
