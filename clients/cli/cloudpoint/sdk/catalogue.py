"""Blueprints, and plans made from them."""

from collections.abc import Iterator
from typing import Any

from cloudpoint.generated import types
from cloudpoint.sdk.transport import Transport


class Blueprints:
    """The catalogue."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[types.BlueprintSummary]:
        """Yield the newest version of each blueprint."""
        return self._transport.pages("/v1/blueprints", types.BlueprintSummary)

    def show(self, name: str, version: str | None = None) -> types.BlueprintVersion:
        """Return one version whole, the newest if none is named."""
        return self._transport.call("GET", f"/v1/blueprints/{name}", types.BlueprintVersion, query={"version": version})

    def validate(self, files: dict[str, str]) -> types.ValidationReport:
        """Return everything that is wrong with the files of a blueprint's folder (texts by path)."""
        return self._transport.call("POST", "/v1/blueprints/validate", types.ValidationReport, {"files": files})


class Plans:
    """Plans: what a build would do, before it does it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, project: str, name: str, blueprint: str, **wishes: Any) -> types.Plan:
        """Plan a cluster; ``wishes`` are version, cloud and parameters."""
        body = {"project": project, "name": name, "blueprint": blueprint, **wishes}
        return self._transport.call("POST", "/v1/plans", types.Plan, body)

    def show(self, plan: str) -> types.Plan:
        """Return a plan."""
        return self._transport.call("GET", f"/v1/plans/{plan}", types.Plan)
