"""What the rack refuses or cannot do, each a sentence that says what to do about it."""


class RackError(Exception):
    """A failure to show to the person at the command line; `str()` is the whole sentence."""


class UnknownMachineError(RackError):
    """No machine of that name stands in the rack."""


class ConflictError(RackError):
    """The request contradicts the rack's state, as a BMC's 409 does."""
