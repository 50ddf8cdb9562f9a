"""Who one is: log-in, SSH keys, API tokens."""

from collections.abc import Iterator
from typing import Any

from cloudpoint.generated import types
from cloudpoint.sdk.transport import Transport


class Sessions:
    """Log in and out."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, email: str, password: str) -> types.Session:
        """Log in; raises ApiProblem (401) if address or password is wrong."""
        return self._transport.call("POST", "/v1/sessions", types.Session, {"email": email, "password": password})

    def delete(self) -> None:
        """Log out: the session's token is good no more."""
        self._transport.raw("DELETE", "/v1/sessions/current")

    def me(self) -> types.User:
        """Return who the token stands for."""
        return self._transport.call("GET", "/v1/me", types.User)


class Keys:
    """One's SSH keys."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(self, name: str, public_key: str) -> types.SshKey:
        """Add a public key (one line, as in id_ed25519.pub)."""
        return self._transport.call("POST", "/v1/keys", types.SshKey, {"name": name, "public_key": public_key})

    def list(self) -> Iterator[types.SshKey]:
        """Yield one's keys."""
        return self._transport.pages("/v1/keys", types.SshKey)

    def delete(self, key_id: str) -> None:
        """Remove a key; clusters that have it keep it."""
        self._transport.raw("DELETE", f"/v1/keys/{key_id}")


class Tokens:
    """One's API tokens."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, name: str, **limits: Any) -> types.CreatedApiToken:
        """Make a token; ``limits`` are projects, role, expires_in_days. It is shown here and never again."""
        return self._transport.call("POST", "/v1/tokens", types.CreatedApiToken, {"name": name, **limits})

    def list(self) -> Iterator[types.ApiToken]:
        """Yield one's tokens, without their secrets."""
        return self._transport.pages("/v1/tokens", types.ApiToken)

    def delete(self, token_id: str) -> None:
        """Revoke a token at once."""
        self._transport.raw("DELETE", f"/v1/tokens/{token_id}")
