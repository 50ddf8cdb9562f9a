"""The supervisor as a process: ``python -m lab.launcher.supervise STATE``; with ``--cold`` it warms up nothing."""

import sys
from pathlib import Path

from lab.launcher.supervisor import WARM, Supervisor

if __name__ == "__main__":
    Supervisor(Path(sys.argv[1]), () if "--cold" in sys.argv[2:] else WARM).run()
