"""What a BMC knows: its machine, its password, its way to the rack, and who is logged in."""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from lab.rack import control
from lab.rack.spec import MachineSpec
from lab.rack.state import MachineStatus

USERNAME = "admin"


@dataclass
class BmcContext:
    """Singletons of a BMC's process."""

    spec: MachineSpec
    media_folder: Path
    rack_socket: Path
    password: str
    sessions: dict[str, str] = field(default_factory=dict)  # session id -> token

    async def ask(self, verb: str, **arguments: Any) -> MachineStatus:
        """Ask the rack to do something with this BMC's machine; gives its status afterwards."""
        answer = await control.call_async(self.rack_socket, verb, machine=self.spec.name, **arguments)
        return msgspec.convert(answer, MachineStatus)

    def is_password(self, username: str, password: str) -> bool:
        """Whether a log-in is right, in constant time."""
        given, right = f"{username}:{password}".encode(), f"{USERNAME}:{self.password}".encode()
        return hmac.compare_digest(given, right)

    def open_session(self) -> tuple[str, str]:
        """A new session: its id and its token."""
        session_id, token = secrets.token_hex(4), secrets.token_urlsafe(24)
        self.sessions[session_id] = token
        return session_id, token

    def is_authorized(self, authorization: str, token: str) -> bool:
        """Whether a request's `Authorization` or `X-Auth-Token` header lets it in."""
        if token:
            return any(hmac.compare_digest(token.encode(), known.encode()) for known in self.sessions.values())
        kind, _, credentials = authorization.partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            username, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return self.is_password(username, password)
