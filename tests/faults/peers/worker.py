"""``python -m tests.faults.peers.worker naive|dbos``: the workers of a peer, to which faults happen as to ours."""

import argparse
import sys
from importlib import import_module

from tests.faults.worker import keep, lanes_of

_MODULES = {"naive": "tests.faults.peers.naive", "dbos": "tests.faults.peers.durable"}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults.peers.worker", description=__doc__)
    parser.add_argument("peer", choices=_MODULES)
    lanes = lanes_of(parser)
    sys.exit(keep(lanes, import_module(_MODULES[parser.parse_args().peer]).workers))
