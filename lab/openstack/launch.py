"""Becomes another program, for the supervisor, which runs modules: `python -m lab.openstack.launch PROGRAM …`."""

import os
import sys

if __name__ == "__main__":
    os.execv(sys.argv[1], sys.argv[1:])
