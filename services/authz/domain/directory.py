"""The services that authz knows, by their keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.authz.exceptions import MayNotCall
from services.chassis.auth.keys import load_public_key, public_jwk, thumbprint
from services.contracts.permissions import MAY_CALL


@dataclass(frozen=True)
class Asker:
    """A service that asks authz for something, and the thumbprint of the key it proved."""

    service: str
    key: str


class Directory:
    """Which key is whose; ``keys`` are PEM texts by the name of the service. Raises ValueError for a wrong PEM."""

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        self._owners = {
            thumbprint(public_jwk(load_public_key(pem))): service for service, pems in keys.items() for pem in pems
        }

    def holder(self, service: str) -> Asker | None:
        """Return a service with its newest key, the last that is listed; None if it has none here."""
        keys = [key for key, owner in self._owners.items() if owner == service]
        return Asker(service, keys[-1]) if keys else None

    def owner(self, key: str) -> str | None:
        """Return the service that owns the key with this thumbprint."""
        return self._owners.get(key)


def check_may_call(asker: str, audience: str) -> None:
    """Raise MayNotCall unless the dictionary lets ``asker`` call ``audience``."""
    if audience not in MAY_CALL.get(asker, frozenset()):
        raise MayNotCall(f"{asker} may not call {audience}.", asker=asker)


def public_keys(pems: Sequence[str]) -> tuple[Ed25519PublicKey, ...]:
    """Return the keys in PEM texts; raises ValueError for what is none."""
    return tuple(load_public_key(pem) for pem in pems)
