"""Serves all APIs of one cloud, and that of its knobs, from one event loop, until it is told to stop."""

import asyncio
import signal
from typing import Any

from sanic import Sanic

from lab.simcloud.api.app import mount
from lab.simcloud.bootstrap import bootstrap
from lab.simcloud.cloud import Cloud
from lab.simcloud.config import CloudConfig, knobs_socket
from lab.simcloud.glance.routes import glance_app
from lab.simcloud.heat.routes import heat_app
from lab.simcloud.ironic.drive_server import drives_app
from lab.simcloud.ironic.routes import ironic_app
from lab.simcloud.keystone.routes import keystone_app
from lab.simcloud.knobs.gate import watch_calls
from lab.simcloud.knobs.routes import knobs_app
from lab.simcloud.knobs.routes_seed import SeedRoutes
from lab.simcloud.knobs.socket import private_socket
from lab.simcloud.neutron.routes import neutron_app
from lab.simcloud.nova.routes import nova_app
from lab.simcloud.placement.routes import placement_app


def apps_of(cloud: Cloud) -> dict[str, Sanic[Any, Any]]:
    """All apps by service; Keystone last, so that it answers only when the others do."""
    config, identity = cloud.config, cloud.identity
    return {
        "drives": drives_app(config, cloud.drives, cloud.images),
        "ironic": ironic_app(config, identity, cloud.nodes, cloud.conductor),
        "placement": placement_app(config, identity, cloud.nodes),
        "glance": glance_app(config, identity, cloud.images),
        "neutron": neutron_app(config, identity, cloud.networks),
        "nova": nova_app(config, identity, cloud.servers, cloud.flavors, cloud.keypairs, cloud.networks),
        "heat": heat_app(config, identity, cloud.engine),
        "keystone": keystone_app(config, identity),
    }


async def _start(app: Sanic[Any, Any], **where: Any) -> Any:
    server: Any = await app.create_server(**where, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.after_start()
    return server


async def _stop(server: Any) -> None:
    await server.before_stop()
    await server.close()
    await server.after_stop()


async def run(config: CloudConfig) -> None:
    """Serves until SIGTERM or SIGINT; prints one line when every API answers."""
    cloud = Cloud(config)
    bootstrap(cloud)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    control = knobs_app(config, cloud.knobs)
    mount(control, SeedRoutes(cloud).table())
    servers = [await _start(control, sock=private_socket(knobs_socket(config.state)))]
    for name, app in apps_of(cloud).items():
        watch_calls(app, name, cloud.knobs)
        servers.append(await _start(app, host=config.host, port=config.port(name)))
    cloud.resume()
    sync = asyncio.create_task(cloud.power_sync.run())
    print(f"simcloud {config.name}: ready, {config.url('keystone')}/v3", flush=True)
    await stop.wait()
    sync.cancel()
    for server in reversed(servers):
        await _stop(server)
    cloud.database.close()
