"""The supervisor as a process: ``python -m lab.launcher.supervise STATE``."""

import sys
from pathlib import Path

from lab.launcher.supervisor import Supervisor

if __name__ == "__main__":
    Supervisor(Path(sys.argv[1])).run()
