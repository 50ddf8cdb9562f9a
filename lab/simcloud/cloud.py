"""One emulated cloud: its parts, put together."""

from lab.simcloud.config import CloudConfig
from lab.simcloud.glance.images import Images
from lab.simcloud.heat.engine import Engine
from lab.simcloud.heat.resources.resource import Services
from lab.simcloud.ironic.conductor import Conductor
from lab.simcloud.ironic.drivers.driver import Driver
from lab.simcloud.ironic.drivers.fake import FakeDriver
from lab.simcloud.ironic.drivers.redfish import RedfishDriver
from lab.simcloud.ironic.drives import Drives
from lab.simcloud.ironic.nodes import Nodes
from lab.simcloud.ironic.power_sync import PowerSync
from lab.simcloud.keystone.service import Identity
from lab.simcloud.knobs.board import Board
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.nova.builder import Builder
from lab.simcloud.nova.flavors import Flavors, Keypairs
from lab.simcloud.nova.servers import Servers, servers_table
from lab.simcloud.store import open_database


class Cloud:
    """The singletons of a process."""

    def __init__(self, config: CloudConfig) -> None:
        config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.config = config
        self.knobs = Board()
        self.database = open_database(config.state / "cloud.sqlite")
        self.identity = Identity(config, self.database)
        self.images = Images(self.database, config.state / "images")
        self.networks = Networks(self.database)
        self.flavors = Flavors(self.database)
        self.keypairs = Keypairs(self.database)
        self.nodes = Nodes(self.database, f"{config.name}-conductor")
        self.drives = Drives(config.state / "drives", config.url("drives"))
        drivers: dict[str, Driver] = {
            "fake-hardware": FakeDriver(config.tuning),
            "redfish": RedfishDriver(config.tuning),
        }
        self.conductor = Conductor(config.tuning, self.knobs, self.nodes, self.drives, drivers)
        self.power_sync = PowerSync(self.nodes, self.conductor, config.tuning)
        table = servers_table(self.database)
        self.builder = Builder(config.tuning, self.knobs, table, self.nodes, self.conductor, self.networks, self.drives)
        self.servers = Servers(
            table,
            self.builder,
            self.flavors,
            self.keypairs,
            self.images,
            self.networks,
            self.nodes,
            self.conductor,
        )
        self.conductor.power_listeners.append(self.builder.power_changed)
        services = Services(
            config, self.servers, self.flavors, self.keypairs, self.images, self.networks, self.identity
        )
        self.engine = Engine(config, self.knobs, self.database, services)

    def resume(self) -> None:
        """Goes on with all work that the last process left; needs a running event loop."""
        self.conductor.resume()
        self.builder.resume()
        self.engine.resume()
