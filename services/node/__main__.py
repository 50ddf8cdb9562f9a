"""python -m services.node serve | work | migrate | openapi | check-config"""

import sys
from collections.abc import Sequence

from services.chassis.command import service_main
from services.node.main import SERVICE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return service_main(SERVICE, argv)


if __name__ == "__main__":
    sys.exit(main())
