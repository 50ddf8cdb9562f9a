"""``python -m services.authz serve|work|migrate|openapi|check-config``."""

import sys
from collections.abc import Sequence

from services.authz.main import SERVICE
from services.chassis.command import service_main


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return service_main(SERVICE, argv)


if __name__ == "__main__":
    sys.exit(main())
