"""Lines for the person who watches the machine's console."""

from pathlib import Path

CONSOLE = Path("/dev/console")


def say(message: str) -> None:
    """Write one line to the console, and to the journal by standard output."""
    print(f"config-drive: {message}", flush=True)
    with CONSOLE.open("w") as console:
        console.write(f"config-drive: {message}\r\n")
