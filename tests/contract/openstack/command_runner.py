"""Runs `openstack` commands, each in a fork of one process that has loaded the client: starting it takes a second.

Reads a line of JSON a command (arguments, environment) and writes one (exit code, output, errors).
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from openstackclient import shell


def main() -> None:
    """Serve until standard input ends."""
    shell.OpenStackShell()
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.write(json.dumps(_run(order["arguments"], order["environment"])) + "\n")
        sys.stdout.flush()


def _run(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        child = os.fork()
        if child == 0:
            _become(arguments, environment, output, errors)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        return {"code": code, "output": output.read_text(), "errors": errors.read_text()}


def _become(arguments: list[str], environment: dict[str, str], output: Path, errors: Path) -> None:
    """In the child: run the command with its output in files, and end."""
    code = 1
    try:
        for stream, path in ((1, output), (2, errors)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(environment)
        code = shell.main(arguments) or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
