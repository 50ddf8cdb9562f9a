"""The real faults on a platform with machines: ``python -m tests.e2e.faults [--away SECONDS] [pytest's options]``."""

import argparse
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.faults.campaign import Campaign

AWAY_SECONDS = 600.0
MINUTE_SECONDS = 60.0


def main() -> int:
    """Run them; what is not known here goes to pytest (``-k bmc`` for a part, ``--collect-only`` for the list)."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.faults", description=__doc__)
    parser.add_argument("--away", type=float, default=AWAY_SECONDS, help="how long authz, identity, … are away [600]")
    parser.add_argument("--minute", type=float, default=MINUTE_SECONDS, help="how long a service hangs [60]")
    given, rest = parser.parse_known_args()
    # Told to stop, it takes down what it started, as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    campaign = Campaign(given.away, given.minute)
    folder = str(Path(__file__).parent)
    code = pytest.main(
        ["-vv", "--capture=no", "-rfEs", "-n", "0", "--durations", "0", folder, *rest], plugins=[campaign]
    )
    sys.stdout.write(f"{campaign.verdict()}\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
