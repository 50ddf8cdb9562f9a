"""The clouds that clusters are built on, and checks of them, for operators."""

from collections.abc import Iterator

from cloudpoint.generated import types
from cloudpoint.sdk.transport import Transport

SERVICES = ("identity", "node", "cluster")
"""The services that check a cloud, each what it calls: Keystone; Ironic; Heat, Nova, Neutron, Glance, Placement."""


class Clouds:
    """Clouds (operator's address)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[types.Cloud]:
        """Yield the clouds by name."""
        return self._transport.pages("/v1/clouds", types.Cloud)

    def check(self, cloud: str, service: str, project: str | None = None) -> types.CloudReport:
        """Have one of SERVICES check a cloud; takes seconds.

        ``project`` is whose image, network and quotas ``cluster`` looks at.
        """
        body = {"project": project} if service == "cluster" else None
        return self._transport.call("POST", f"/v1/clouds/{cloud}/checks/{service}", types.CloudReport, body)
