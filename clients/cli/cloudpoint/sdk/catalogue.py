"""Blueprints, the elements they are made of, and plans made from them."""

from collections.abc import Iterator
from typing import Any

from cloudpoint.generated import types
from cloudpoint.sdk.transport import Transport


class Published:
    """What blueprints and elements have in common. ``owner`` is a project's id or ``catalogue``, where it is needed."""

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path

    def upload(self, project: str, archive: bytes) -> types.PublishedVersion:
        """Publish a tar archive (plain or gzip) as the project's own; the same again changes nothing."""
        query = {"project": project}
        return self._transport.call("POST", f"{self._path}/archive", types.PublishedVersion, archive, query)

    def publish(self, project: str, files: dict[str, str], **single: str | None) -> types.PublishedVersion:
        """Publish texts by path as the project's own; ``single`` are name and version of a blueprint of one HOT."""
        body = {"project": project, "files": files, **single}
        return self._transport.call("POST", self._path, types.PublishedVersion, body)

    def validate(self, files: dict[str, str], project: str | None = None) -> types.ValidationReport:
        """Return everything that is wrong with the files of a folder (texts by path)."""
        return self._transport.call("POST", f"{self._path}/validate", types.ValidationReport, {"files": files})

    def versions(self, name: str, owner: str | None = None) -> Iterator[types.PublishedVersion]:
        """Yield all versions, the highest first."""
        return self._transport.pages(f"{self._path}/{name}/versions", types.PublishedVersion, {"owner": owner})

    def files(self, name: str, version: str | None = None, owner: str | None = None) -> types.FolderFiles:
        """Return the folder of a version as it was published."""
        query = {"version": version, "owner": owner}
        return self._transport.call("GET", f"{self._path}/{name}/files", types.FolderFiles, query=query)

    def difference(
        self, name: str, before: str, after: str | None = None, owner: str | None = None
    ) -> types.Difference:
        """Return what differs between two versions; ``after`` is the newest if left out."""
        query = {"before": before, "after": after, "owner": owner}
        return self._transport.call("GET", f"{self._path}/{name}/difference", types.Difference, query=query)

    def share(self, project: str, name: str, *, shared: bool) -> types.Sharing:
        """Share all versions within the organisation, or stop to."""
        body = {"project": project, "shared": shared}
        return self._transport.call("PUT", f"{self._path}/{name}/sharing", types.Sharing, body)


class Blueprints(Published):
    """Blueprints: the catalogue's, one's projects' own, and what is shared with these."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/v1/blueprints")

    def list(self) -> Iterator[types.BlueprintSummary]:
        """Yield the newest version of each blueprint."""
        return self._transport.pages("/v1/blueprints", types.BlueprintSummary)

    def show(
        self, name: str, version: str | None = None, owner: str | None = None, project: str | None = None
    ) -> types.BlueprintVersion:
        """Return one version whole, the newest if none is named, as ``project`` understands the name."""
        query = {"version": version, "owner": owner, "project": project}
        return self._transport.call("GET", f"/v1/blueprints/{name}", types.BlueprintVersion, query=query)

    def validate(self, files: dict[str, str], project: str | None = None) -> types.ValidationReport:
        """Return everything that is wrong with the files; with a project, its own elements may be used."""
        body = {"files": files, "project": project}
        return self._transport.call("POST", "/v1/blueprints/validate", types.ValidationReport, body)


class Elements(Published):
    """Elements: the catalogue's, one's projects' own, and what is shared with these."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/v1/elements")

    def list(self) -> Iterator[types.ElementVersion]:
        """Yield every version of every element."""
        return self._transport.pages("/v1/elements", types.ElementVersion)

    def show(self, name: str, version: str | None = None, owner: str | None = None) -> types.ElementVersion:
        """Return one version, the newest if none is named."""
        query = {"version": version, "owner": owner}
        return self._transport.call("GET", f"/v1/elements/{name}", types.ElementVersion, query=query)


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
