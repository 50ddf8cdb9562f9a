"""A cloud's APIs over bare HTTP: what they answer, status and all, before any client has made something of it."""

from dataclasses import dataclass, field
from typing import Any

from keystoneauth1 import loading
from keystoneauth1.session import Session

from services.chassis.cloud import CloudAccess

VERSION_HEADERS = {"baremetal": "X-OpenStack-Ironic-API-Version"}


@dataclass(frozen=True)
class Answer:
    """What came back: ``body`` is what the JSON held, None without any."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    def of(self, status: int) -> Any:
        """Return the body; AssertionError unless the status is this."""
        assert self.status == status, f"{self.status} instead of {status}: {self.body}"
        return self.body


class Api:
    """One somebody at one cloud."""

    def __init__(self, session: Session, region: str) -> None:
        self.session = session
        self._region = region

    @classmethod
    def of(cls, access: CloudAccess) -> "Api":
        """Log in with the first call."""
        plugin: Any = loading.get_plugin_loader(access.auth_type).load_from_options(**access.auth)
        return cls(Session(auth=plugin, timeout=60.0), access.region)

    @property
    def project_id(self) -> str:
        """The project of the log-in."""
        return str(self.session.get_project_id())

    def ask(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = None,
        headers: dict[str, str] | None = None,
        anonymous: bool = False,
    ) -> Answer:
        """Ask one service (its type in the catalogue) at a path below its endpoint, at a microversion."""
        sent = dict(headers or {})
        if version:
            sent["OpenStack-API-Version"] = f"{service} {version}"
            if service in VERSION_HEADERS:
                sent[VERSION_HEADERS[service]] = version
        place = {"service_type": service, "interface": "public", "region_name": self._region}
        url = f"{self.session.get_endpoint(**place)}{path}" if anonymous else path
        found: Any = self.session.request(
            url,
            method,
            json=body,
            headers=sent,
            endpoint_filter=None if anonymous else place,
            authenticated=not anonymous,
            raise_exc=False,
            redirect=False,
        )
        is_json = found.content and "json" in found.headers.get("Content-Type", "")
        return Answer(found.status_code, found.json() if is_json else None, dict(found.headers))

    def get(self, service: str, path: str, **more: Any) -> Answer:
        """GET."""
        return self.ask("GET", service, path, **more)

    def post(self, service: str, path: str, body: Any = None, **more: Any) -> Answer:
        """POST."""
        return self.ask("POST", service, path, body, **more)

    def put(self, service: str, path: str, body: Any = None, **more: Any) -> Answer:
        """PUT."""
        return self.ask("PUT", service, path, body, **more)

    def patch(self, service: str, path: str, body: Any = None, **more: Any) -> Answer:
        """PATCH."""
        return self.ask("PATCH", service, path, body, **more)

    def delete(self, service: str, path: str, body: Any = None, **more: Any) -> Answer:
        """DELETE."""
        return self.ask("DELETE", service, path, body, **more)
