"""Run the gateway, or compose the documents that it serves."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.chassis.command import service_main
from services.gateway.config import DOCUMENTS
from services.gateway.domain.compose import CompositionError, compose
from services.gateway.main import SERVICE


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command of the gateway; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return compose_main(arguments[1:]) if arguments[:1] == ["compose"] else service_main(SERVICE, arguments)


def compose_main(argv: Sequence[str]) -> int:
    """Write ``public.json`` and ``operator.json`` from the documents that the services print."""
    parser = argparse.ArgumentParser(prog="python -m services.gateway compose", description=compose_main.__doc__)
    parser.add_argument("--into", type=Path, default=DOCUMENTS, help="the folder to write to (default: docs/api)")
    parser.add_argument("files", type=Path, nargs="+", help="what `python -m services.<name> openapi` printed")
    arguments = parser.parse_args(argv)
    try:
        composed = compose([msgspec.json.decode(path.read_bytes()) for path in arguments.files])
    except (CompositionError, OSError, msgspec.DecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    arguments.into.mkdir(parents=True, exist_ok=True)
    for listener, document in composed.items():
        text = msgspec.json.format(msgspec.json.encode(document), indent=2)
        (arguments.into / f"{listener}.json").write_bytes(text + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
