"""Becomes another program: `python -m lab.openstack.launch PROGRAM ARGUMENT…`, for the supervisor, which runs modules."""

import os
import sys

if __name__ == "__main__":
    os.execv(sys.argv[1], sys.argv[1:])
