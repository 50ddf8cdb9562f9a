"""The command ``cloudpoint``: each file one noun, exit codes in ``exits.py``, drawing in ``output.py`` and ``watch.py``."""

from cloudpoint.command.root import main

__all__ = ["main"]
