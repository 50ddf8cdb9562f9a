"""Flavors and key pairs."""

import base64
import hashlib
import sqlite3
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from lab.simcloud.clock import stamp
from lab.simcloud.errors import bad_request, conflict, not_found
from lab.simcloud.nova.records import Flavor, Keypair
from lab.simcloud.store import Table, new_id

FLAVOR_FIELDS = ("ram", "vcpus", "disk", "description")


class Flavors:
    """All flavors of a cloud."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.table = Table(database, "flavors", Flavor, ("name", "is_public"))

    def create(self, body: dict[str, Any]) -> Flavor:
        """Makes a flavor; 409 if name or id is taken."""
        name = str(body.get("name") or "")
        if not name:
            raise bad_request("Invalid input for field/attribute flavor. 'name' is a required property")
        flavor_id = str(body.get("id") or new_id())
        if self.table.first(name=name) or self.table.get(flavor_id):
            raise conflict(f"Flavor with name {name} already exists.")
        fields = {key: body[key] for key in FLAVOR_FIELDS if body.get(key) is not None}
        public = bool(body.get("os-flavor-access:is_public", True))
        return self.table.add(Flavor(id=flavor_id, name=name, is_public=public, **fields))

    def get(self, flavor_id: str) -> Flavor:
        """The flavor, or Nova's 404."""
        flavor = self.table.get(flavor_id)
        if flavor is None:
            raise not_found(f"Flavor {flavor_id} could not be found.")
        return flavor

    def find(self, name_or_id: str) -> Flavor | None:
        """By id or name."""
        return self.table.get(name_or_id) or self.table.first(name=name_or_id)


class Keypairs:
    """Public keys of users."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.table = Table(database, "keypairs", Keypair, ("user_id", "name"))

    def create(self, user_id: str, name: str, public_key: str | None) -> tuple[Keypair, str | None]:
        """Stores a key, or makes one; answers it and the private half of a made one."""
        if self.table.get(f"{user_id}/{name}"):
            raise conflict(f"Key pair '{name}' already exists.")
        private = None
        if public_key is None:
            public_key, private = _generated()
        pair = Keypair(
            id=f"{user_id}/{name}",
            name=name,
            user_id=user_id,
            public_key=public_key,
            fingerprint=_fingerprint(public_key),
            created_at=stamp(),
        )
        return self.table.add(pair), private

    def get(self, user_id: str, name: str) -> Keypair:
        """The key pair, or Nova's 404."""
        pair = self.table.get(f"{user_id}/{name}")
        if pair is None:
            raise not_found(f"Keypair {name} not found for user {user_id}")
        return pair


def _fingerprint(public_key: str) -> str:
    try:
        blob = base64.b64decode(public_key.split()[1], validate=True)
    except (IndexError, ValueError) as error:
        raise bad_request("Keypair data is invalid: failed to generate fingerprint") from error
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))


def _generated() -> tuple[str, str]:
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return f"{public.decode()} Generated-by-Nova", private.decode()
