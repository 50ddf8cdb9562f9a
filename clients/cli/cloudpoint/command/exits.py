"""What an exit code means."""

from typing import IO, Any

import click

OK = 0
OPERATION_FAILED = 1
USAGE = 2
NOT_AUTHENTICATED = 3
FORBIDDEN = 4
NOT_FOUND = 5
CONFLICT = 6
INVALID = 7
UNAVAILABLE = 8
DETACHED = 130

_BY_STATUS = {400: INVALID, 401: NOT_AUTHENTICATED, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT, 412: CONFLICT}


def exit_code_of(status: int) -> int:
    """Return the exit code for a problem's HTTP status."""
    if status >= 500 or status == 429:
        return UNAVAILABLE
    return _BY_STATUS.get(status, INVALID)


class Stop(click.ClickException):
    """Ends the command with a sentence on stderr and an exit code."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.exit_code = code  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        """Say why."""
        click.echo(self.message, file=file, err=file is None)
