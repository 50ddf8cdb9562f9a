"""`python -m lab.privileges COMMAND…`: run a command as root, by whichever way there is."""

import sys

from lab.privileges.entering import run
from lab.privileges.way import NoWayError
from lab.rack.settings import default_cache_root, default_state_root

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        run(sys.argv[1:], default_state_root(), default_cache_root())
    except NoWayError as refused:
        sys.exit(str(refused))
