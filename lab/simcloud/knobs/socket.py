"""The unix socket of the knobs' API: whoever may write to the cloud's folder may turn them, and nobody else."""

import os
import socket
from pathlib import Path

_MOST_CHARACTERS = 107
_WAITING_CALLS = 100


def private_socket(path: Path) -> socket.socket:
    """A socket that listens at a path, for its owner only; what an ended process left there is replaced.

    Raises OSError if the path is longer than the kernel takes (unix(7)).
    """
    if len(os.fsencode(path)) > _MOST_CHARACTERS:
        raise OSError(f"{path} is longer than {_MOST_CHARACTERS} characters, the most for a socket: shorten --state")
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    listening.listen(_WAITING_CALLS)
    listening.setblocking(False)
    return listening
