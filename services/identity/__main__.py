"""``python -m services.identity serve|work|migrate|openapi|check-config``."""

import sys
from collections.abc import Sequence

from services.chassis.command import service_main
from services.identity.main import SERVICE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return service_main(SERVICE, argv)


if __name__ == "__main__":
    sys.exit(main())
