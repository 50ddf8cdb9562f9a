"""What identity refuses, each with what to do about it."""

from typing import Any

from services.chassis.errors import Conflict, InvalidRequest, NotAuthenticated, TooManyRequests


class WrongLogIn(NotAuthenticated):
    """The same for an unknown address, a wrong password and a suspended account."""

    slug = "wrong-log-in"
    title = "Log-in failed"
    hint = "Check address and password; a suspended account is restored by an administrator."

    def __init__(self, **context: Any) -> None:
        super().__init__("The address or the password is wrong, or the account is suspended.", **context)


class TokenNotGood(NotAuthenticated):
    slug = "token-not-good"
    title = "The API token is not good"
    hint = "It may have ended or been revoked: make a new one with `cloudpoint token create`."


class TooBusy(TooManyRequests):
    slug = "too-many-log-ins"
    title = "Too many log-ins at once"


class AlreadyThere(Conflict):
    slug = "already-exists"
    title = "It exists already"


class TooMany(Conflict):
    slug = "too-many"
    title = "There are too many"


class BadSshKey(InvalidRequest):
    slug = "bad-ssh-key"
    title = "The SSH key can't be used"


class BadToken(InvalidRequest):
    slug = "bad-token-limits"
    title = "The token can't be limited so"


class UnknownReference(InvalidRequest):
    slug = "unknown-reference"
    title = "What the request names does not exist"


class UnknownCloud(InvalidRequest):
    slug = "unknown-cloud"
    title = "There is no such cloud"
