"""What a service is asked with from inside: the pass that authz gives the gateway for somebody, and its proof."""

import httpx

from lab.launcher.keys import KeyFolder
from lab.launcher.platform import Platform
from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.auth.keys import ServiceKey


def headers_for(platform: Platform, session_token: str, audience: str) -> dict[str, str]:
    """The headers with which the gateway would ask ``audience`` for a logged-in person; good for a minute."""
    key = ServiceKey.from_file("gateway", KeyFolder(platform.settings.state / "keys").private_key("gateway"))
    answer = httpx.post(
        f"http://127.0.0.1:{platform.settings.port_of('authz')}/internal/token",
        json={"audience": audience, "subject_token": session_token},
        headers={PROOF_HEADER: key.proof("authz")},
        timeout=10.0,
    ).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}", PROOF_HEADER: key.proof(audience)}
