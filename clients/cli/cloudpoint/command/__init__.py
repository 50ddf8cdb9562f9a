"""The command ``cloudpoint``: each file one noun, exit codes in ``exits.py``, drawing in ``picture.py``."""

from cloudpoint.command.root import main

__all__ = ["main"]
