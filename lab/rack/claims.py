"""One process a rack: who has it, and what a killed one left behind."""

import fcntl
import os

from lab.rack import cgroups, network
from lab.rack.errors import RackError
from lab.rack.folders import RackFolder


def claim(folder: RackFolder) -> int:
    """Take the rack for this process; the claim ends with the returned descriptor, at the latest with the process.

    Raises:
        RackError: Another process has it.
    """
    folder.make()
    lock = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise RackError(f"Rack {folder.path.name} is up already.") from error
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def clear_leftovers(rack_name: str) -> None:
    """Take away what a killed rack left in the kernel: processes, then namespaces."""
    cgroups.remove_all(rack_name)
    network.remove_all(rack_name)
