"""``python -m tests.checks``: everything behind `make check`, two at a time, with the time each took."""

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.checks import lengths
from tests.checks.sources import ROOT

BIN = Path(sys.executable).parent
DEADLINE_SECONDS = 300
COMMANDS = {
    "types": [f"{BIN}/mypy"],
    "layers": [f"{BIN}/lint-imports", "--no-cache"],
    "lint": [f"{BIN}/ruff", "check", "--output-format", "concise", "."],
    "format": [f"{BIN}/ruff", "format", "--check", "."],
    "locks": [sys.executable, "locks/compile.py", "--check"],
}
# Modules of this folder, each with `problems() -> list[str]`, run as a process: some import all services.
OWN = ("schemas", "generated", "outside_apis", "words", "addresses")


def run_command(command: list[str]) -> str:
    """What a failing command printed; empty when it passed."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        return f"did not end in {DEADLINE_SECONDS} s"
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or f"exit code {done.returncode}"


def timed(check: Callable[[], str]) -> tuple[str, float]:
    """What is wrong, and the seconds it took to find out."""
    begun = time.monotonic()
    return check(), time.monotonic() - begun


def main() -> int:
    """Run all checks; 1 when one of them found something."""
    if len(sys.argv) == 2:
        found = importlib.import_module(f"tests.checks.{sys.argv[1]}").problems()
        print("\n".join(found))
        return 1 if found else 0
    commands = COMMANDS | {name: [sys.executable, "-m", "tests.checks", name] for name in OWN}
    failed = []
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as threads:
        running = {name: threads.submit(timed, lambda c=command: run_command(c)) for name, command in commands.items()}
        for name, future in running.items():
            output, seconds = future.result()
            print(f"  {'✗' if output else '✓'} {name} ({seconds:.1f} s)", flush=True)
            if output:
                failed.append(name)
                print("    " + output.replace("\n", "\n    "))
    long = lengths.report()
    print(f"  · {len(long)} files or functions are longer than one room" + "".join(f"\n    {line}" for line in long))
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'ok'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
