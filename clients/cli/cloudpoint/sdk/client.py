"""The client: one object, one attribute a noun."""

from cloudpoint.sdk.account import Keys, Sessions, Tokens
from cloudpoint.sdk.catalogue import Blueprints, Elements, Plans
from cloudpoint.sdk.clouds import Clouds
from cloudpoint.sdk.clusters import Clusters, Operations
from cloudpoint.sdk.events import Events
from cloudpoint.sdk.nodes import Nodes
from cloudpoint.sdk.organisation import Organisations, Projects, Users
from cloudpoint.sdk.transport import Transport


class Client:
    """A client of the public API at ``url`` (or, for operators, of the operators' address), with one token."""

    def __init__(self, url: str, token: str | None = None, timeout_seconds: float = 60.0) -> None:
        self.transport = Transport(url, token, timeout_seconds)
        self.sessions = Sessions(self.transport)
        self.keys = Keys(self.transport)
        self.tokens = Tokens(self.transport)
        self.organisations = Organisations(self.transport)
        self.projects = Projects(self.transport)
        self.users = Users(self.transport)
        self.blueprints = Blueprints(self.transport)
        self.elements = Elements(self.transport)
        self.plans = Plans(self.transport)
        self.clusters = Clusters(self.transport)
        self.operations = Operations(self.transport)
        self.clouds = Clouds(self.transport)
        self.nodes = Nodes(self.transport)
        self.events = Events(self.transport)

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()
