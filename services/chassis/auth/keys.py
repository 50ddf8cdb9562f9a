"""A service's own key: what makes it this service and no other."""

import base64
import hashlib
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PROOF_SECONDS = 60
_RENEW_SECONDS = 20
ALGORITHM = "EdDSA"


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """Return the public key as a JSON Web Key (RFC 8037, ``OKP``/``Ed25519``)."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}


def jwk_key(jwk: dict[str, Any]) -> Ed25519PublicKey:
    """Return the key that a JSON Web Key holds; raises ValueError for any other kind of key."""
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or not isinstance(jwk.get("x"), str):
        raise ValueError("not an Ed25519 key")
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "=="))


def thumbprint(jwk: dict[str, Any]) -> str:
    """Return the key's name: the SHA-256 thumbprint of RFC 7638, base64url."""
    text = f'{{"crv":"{jwk["crv"]}","kty":"{jwk["kty"]}","x":"{jwk["x"]}"}}'
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def load_public_key(pem: str) -> Ed25519PublicKey:
    """Return the Ed25519 public key in ``pem``; raises ValueError if it holds another kind."""
    key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the PEM text holds no Ed25519 public key")
    return key


class ServiceKey:
    """The private key of one service, with the proofs it signs."""

    def __init__(self, service: str, private_key: Ed25519PrivateKey) -> None:
        self.service = service
        self._private = private_key
        self.jwk = public_jwk(private_key.public_key())
        self.thumbprint = thumbprint(self.jwk)
        self._proofs: dict[str, tuple[float, str]] = {}

    @classmethod
    def from_file(cls, service: str, path: Path) -> "ServiceKey":
        """Read a PEM file (PKCS 8); raises ValueError if it holds no Ed25519 key."""
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path} holds no Ed25519 private key")
        return cls(service, key)

    @property
    def public_pem(self) -> str:
        public = self._private.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, claims: dict[str, Any], kind: str) -> str:
        """Return ``claims`` as a JWT of type ``kind`` whose header carries the public key."""
        return jwt.encode(claims, self._private, ALGORITHM, headers={"typ": kind, "jwk": self.jwk})

    def proof(self, audience: str) -> str:
        """Return a token that shows ``audience`` that its bearer holds this key (in the manner of RFC 7523).

        It is good for a minute and only there, and is signed anew when two thirds of that are left behind.
        """
        now = time.time()
        until, token = self._proofs.get(audience, (0.0, ""))
        if until - now < _RENEW_SECONDS:
            until = now + PROOF_SECONDS
            claims = {"iss": self.service, "aud": audience, "iat": int(now), "exp": int(until)}
            token = self.sign(claims, "proof+jwt")
            self._proofs[audience] = (until, token)
        return token
