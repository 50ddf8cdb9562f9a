"""What benchmarks need of a machine. A need gives the sentence why it is not met, or None."""

import os
import shutil
from collections.abc import Callable

from lab.launcher.settings import default_cache
from lab.rack import settings as rack
from lab.rack.errors import RackError

Need = Callable[[], str | None]


def root() -> str | None:
    """Machines are namespaces, and RabbitMQ's user is not ours."""
    return None if os.geteuid() == 0 else "it needs root: run `make bench`"


def machines() -> str | None:
    """The rack's machines can boot here."""
    try:
        rack.require_root()
        rack.require_programs()
    except RackError as error:
        return str(error)
    return None


def ansible() -> str | None:
    """The runtime that elements are run by is installed."""
    program = default_cache() / "ansible" / "bin" / "ansible-playbook"
    return None if program.exists() else f"{program} is not there: `make setup` makes it"


def program(name: str, package: str) -> Need:
    """A program that Debian has in ``package`` is installed."""
    return lambda: None if shutil.which(name) else f"there is no {name}: apt-get install {package}"
