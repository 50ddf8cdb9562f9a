"""Clusters and the operations that change them."""

from collections.abc import Iterator
from typing import Any

from cloudpoint.generated import types
from cloudpoint.sdk.transport import Transport


class Clusters:
    """Clusters."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, project: str, name: str, **wishes: Any) -> types.Accepted:
        """Begin to build a cluster.

        ``wishes`` are plan, or blueprint, version, cloud and parameters; expires_at and locked.
        """
        body = {"project": project, "name": name, **wishes}
        return self._transport.call("POST", "/v1/clusters", types.Accepted, body)

    def list(self, **filters: Any) -> Iterator[types.Cluster]:
        """Yield clusters, newest first; ``filters`` are project, name, state."""
        return self._transport.pages("/v1/clusters", types.Cluster, filters)

    def show(self, cluster: str) -> types.Cluster:
        """Return a cluster with its hosts."""
        return self._transport.call("GET", f"/v1/clusters/{cluster}", types.Cluster)

    def change(self, cluster: str, **settings: Any) -> types.Cluster:
        """Set ``locked`` or ``expires_at``."""
        return self._transport.call("PATCH", f"/v1/clusters/{cluster}", types.Cluster, settings)

    def delete(self, cluster: str) -> types.Accepted:
        """Begin to delete a cluster."""
        return self._transport.call("DELETE", f"/v1/clusters/{cluster}", types.Accepted)

    def export(self, cluster: str) -> types.Export:
        """Return a cluster as plain files."""
        return self._transport.call("GET", f"/v1/clusters/{cluster}/export", types.Export)


class Operations:
    """Work that outlives a request."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **filters: Any) -> Iterator[types.Operation]:
        """Yield operations, newest first; ``filters`` are cluster, state."""
        return self._transport.pages("/v1/operations", types.Operation, filters)

    def show(self, operation: str) -> types.Operation:
        """Return an operation with its steps."""
        return self._transport.call("GET", f"/v1/operations/{operation}", types.Operation)

    def matrix(self, operation: str) -> types.Matrix:
        """Return every element on every host."""
        return self._transport.call("GET", f"/v1/operations/{operation}/matrix", types.Matrix)

    def log(self, operation: str, offset: int = 0) -> types.RunLog:
        """Return the log of the operation's newest run, from a byte on."""
        return self._transport.call("GET", f"/v1/operations/{operation}/log", types.RunLog, query={"offset": offset})

    def resume(self, operation: str) -> types.Operation:
        """Go on with a parked operation."""
        return self._ask(operation, "resume")

    def cancel(self, operation: str) -> types.Operation:
        """Stop an operation and take back what it made."""
        return self._ask(operation, "cancel")

    def undo(self, operation: str) -> types.Operation:
        """Take back what a parked operation made."""
        return self._ask(operation, "undo")

    def _ask(self, operation: str, verb: str) -> types.Operation:
        return self._transport.call("POST", f"/v1/operations/{operation}/{verb}", types.Operation)
