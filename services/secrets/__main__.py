"""``python -m services.secrets serve|migrate|openapi|check-config|rotate``."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from services.chassis.command import service_main
from services.chassis.config import ConfigurationError, load
from services.chassis.context import process_of
from services.secrets.config import Settings
from services.secrets.factory import open_context
from services.secrets.main import SERVICE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:2] == ["rotate", "--config"] and len(arguments) == 3:
        return _rotate(Path(arguments[2]))
    return service_main(SERVICE, arguments)


def _rotate(path: Path) -> int:
    """Wrap every value's key with the newest master key; after that the older ones can be taken away."""
    try:
        changed, version = asyncio.run(_rewrap(load(path, Settings)))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{changed} values were wrapped anew; all are under master key {version} now.\n")
    return 0


async def _rewrap(settings: Settings) -> tuple[int, int]:
    async with process_of(SERVICE.name, settings) as process, open_context(process) as context:
        return await context.rotation.all(), context.keys.newest


if __name__ == "__main__":
    sys.exit(main())
