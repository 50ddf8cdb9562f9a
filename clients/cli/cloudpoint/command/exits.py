"""What an exit code means."""

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
