"""An authority for tests: it stands where authz's key is, and signs passes and mandates as authz would."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.auth.keys import ServiceKey
from services.chassis.auth.tokens import (
    HOP_SECONDS,
    ISSUER,
    PASS_SECONDS,
    Actor,
    Confirmation,
    Grants,
    HopClaims,
    MandateClaims,
    Narrowing,
    PassClaims,
    claims_dict,
)
from services.chassis.config import AuthSettings
from services.chassis.ids import new_id

Projects = Mapping[str, Sequence[str]]


class Authority:
    """Keys of authz and of services, in ``folder``; each is made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._keys: dict[str, ServiceKey] = {}

    def key(self, service: str) -> ServiceKey:
        """Return the key of a service (authz's own signs passes)."""
        if service not in self._keys:
            path = self.key_file(service)
            if not path.exists():
                path.write_bytes(_new_key())
            self._keys[service] = ServiceKey.from_file(service, path)
        return self._keys[service]

    def key_file(self, service: str) -> Path:
        """Return where the private key of a service is, or will be."""
        return self._folder / f"{service}.pem"

    def settings(self, service: str) -> AuthSettings:
        """Return the ``auth:`` part of a service's configuration."""
        self.key(service)
        return AuthSettings(str(self.key_file(service)), (self.key(ISSUER).public_pem,))

    def proof_for(self, audience: str, *, service: str) -> dict[str, str]:
        """Return the header by which ``service`` alone shows itself, as authz takes it."""
        return {PROOF_HEADER: self.key(service).proof(audience)}

    def pass_for(
        self,
        subject: str,
        audience: str,
        *,
        projects: Projects | None = None,
        platform: Sequence[str] = (),
        service: str = "gateway",
        credential_id: str | None = None,
        narrowing: Narrowing | None = None,
        seconds: int = PASS_SECONDS,
    ) -> dict[str, str]:
        """Return the headers of a request that ``service`` makes for ``subject`` (a person, or ``svc:<name>``)."""
        now = int(time.time())
        claims = PassClaims(
            iss=ISSUER,
            sub=subject,
            aud=audience,
            iat=now,
            exp=now + seconds,
            jti=new_id("pas"),
            cnf=Confirmation(self.key(service).thumbprint),
            act=Actor(service),
            grants=Grants({name: tuple(held) for name, held in (projects or {}).items()}, tuple(platform)),
            sid=credential_id,
            narrowing=narrowing,
        )
        token = self.key(ISSUER).sign(claims_dict(claims), "pass+jwt")
        return {"Authorization": f"Bearer {token}", **self.proof_for(audience, service=service)}

    def mandate_for(
        self,
        subject: str,
        service: str,
        *,
        projects: Projects | None = None,
        platform: Sequence[str] = (),
        operation_id: str = "op_test",
        requires: str | None = None,
        seconds: int = 3600,
    ) -> str:
        """Return a mandate that ``service`` holds."""
        now = int(time.time())
        claims = MandateClaims(
            iss=ISSUER,
            sub=subject,
            iat=now,
            exp=now + seconds,
            jti=new_id("man"),
            cnf=Confirmation(self.key(service).thumbprint),
            act=Actor(service, Actor("gateway")),
            operation=operation_id,
            grants=Grants({name: tuple(held) for name, held in (projects or {}).items()}, tuple(platform)),
            requires=requires,
        )
        return self.key(ISSUER).sign(claims_dict(claims), "mandate+jwt")

    def hop_for(self, mandate: str, audience: str, *, service: str) -> dict[str, str]:
        """Return the headers of a request that ``service`` makes under its ``mandate``."""
        now = int(time.time())
        claims = HopClaims(iss=service, aud=audience, iat=now, exp=now + HOP_SECONDS, mandate=mandate)
        token = self.key(service).sign(claims_dict(claims), "hop+jwt")
        return {"Authorization": f"Bearer {token}", **self.proof_for(audience, service=service)}


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
