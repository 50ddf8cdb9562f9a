"""python -m services.blueprint serve | migrate | openapi | check-config"""

import sys
from collections.abc import Sequence

from services.blueprint.main import SERVICE
from services.chassis.command import service_main


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return service_main(SERVICE, argv)


if __name__ == "__main__":
    sys.exit(main())
