"""The commands of the page "Your OpenStack" make, of an empty cloud, one that the doctor finds good."""

import logging
import os
import re
import shlex
from collections.abc import Iterator

import pytest
import yaml
from openstackclient.shell import OpenStackShell

from lab.simcloud.tests.running import ROOT, RunningCloud
from services.chassis.cloud.checking import examine
from services.chassis.validation import convert_document
from services.cluster.adapters.cloud_probe import CloudProbe
from services.cluster.config import CloudSettings as ClusterCloud
from services.cluster.domain import cloud_verdicts
from services.contracts.node import Capacity
from services.identity.adapters.keystone.probe import KeystoneProbe
from services.identity.config import CloudSettings as IdentityCloud
from services.identity.domain.doctor import Doctor as IdentityDoctor
from services.node.adapters.ironic_probe import IronicProbe
from services.node.config import CloudSettings as NodeCloud
from services.node.domain.doctor import Doctor as NodeDoctor
from tests.support.ports import free_range

PAGE = (ROOT / "docs/operator/your-openstack.md").read_text()
COMMANDS = re.findall(r"^openstack (.*)$", "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)), re.MULTILINE)
SNIPPETS = dict(re.findall(r"```yaml\n# (\w+)\n(.*?)```", PAGE, re.DOTALL))
CLOUD_PORTS = 8
SECRETS = dict.fromkeys(("IDENTITY_PASSWORD", "NODE_PASSWORD", "CHECKS_PASSWORD", "BMC_PASSWORD"), "secret")
NOT_EMULATED = ("quota set",)
# The emulated Keystone knows no domain's manager.
AS_ADMIN = "role add --domain cloudpoint --user cloudpoint-identity --user-domain cloudpoint admin"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud on which the page's commands were run, and no other."""
    folder = tmp_path_factory.mktemp("page-cloud")
    made = RunningCloud("RegionOne", folder / "state", free_range(CLOUD_PORTS), "10.99.6.0/24")
    image = folder / "image"
    image.write_bytes(b"not an operating system")
    made.start()
    try:
        _empty(made)
        with pytest.MonkeyPatch.context() as environment:
            for name, value in {**SECRETS, "IMAGE": str(image), "OS_CLIENT_CONFIG_FILE": str(made.clouds_file)}.items():
                environment.setenv(name, value)
            for line in (*COMMANDS, AS_ADMIN):
                if not line.startswith(NOT_EMULATED):
                    _run(line)
        yield made
    finally:
        made.stop()


def _empty(cloud: RunningCloud) -> None:
    connection = cloud.connect("admin")
    for item in connection.compute.flavors():
        connection.compute.delete_flavor(item)
    for item in connection.image.images():
        connection.image.delete_image(item)
    for item in connection.network.networks():
        connection.network.delete_network(item)


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """The command sets up logging for its process, which here is ours."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers = handlers


def _run(line: str) -> None:
    """Run a line in this process, as the administrator; the page's machine is not there, so its driver is none."""
    entry = "system" if line.startswith("baremetal") else "admin"
    words = shlex.split(os.path.expandvars(line.replace("--driver redfish", "--driver fake-hardware")))
    assert OpenStackShell().run(["--os-cloud", entry, *words]) == 0, line


def settings(cloud: RunningCloud, service: str, wanted: type) -> object:
    """Return the page's settings of a service, with the addresses and ids of this cloud."""
    written = yaml.safe_load(SNIPPETS[service])["clouds"]["floor1"]
    for place in (written, written.get("operator", {})):
        if "auth" in place:
            place["auth"] |= {"auth_url": f"http://127.0.0.1:{cloud.base_port}/v3", "password": "secret"}
            place.pop("password")
    if "domain_id" in written:
        written["domain_id"] = cloud.connect("admin").identity.find_domain("cloudpoint").id
    return convert_document(written, wanted)


async def test_keystone_is_as_identity_needs_it(cloud: RunningCloud) -> None:
    one = settings(cloud, "identity", IdentityCloud)
    probe = KeystoneProbe(one.access(), one.domain_id)
    report = await examine("identity", "floor1", IdentityDoctor(probe, one).checks())
    probe.close()
    assert {item.check: item for item in report.findings if item.state != "ok"} == {}


async def test_ironic_is_as_node_needs_it(cloud: RunningCloud) -> None:
    probe = IronicProbe("floor1", settings(cloud, "node", NodeCloud).access())
    report = await examine("node", "floor1", NodeDoctor(probe).checks())
    probe.close()
    assert {item.check: item for item in report.findings if item.state != "ok"} == {}


async def test_flavor_image_and_network_are_as_clusters_need_them(cloud: RunningCloud) -> None:
    one = settings(cloud, "cluster", ClusterCloud)
    machines = [Capacity(cloud_id="floor1", resource_class="bm.general", total=1, free=1, unheld=1)]
    probe = CloudProbe(one.operator.access())
    networks = await probe.networks(one.network)
    verdicts = [
        cloud_verdicts.judge_operator(await probe.roles()),
        cloud_verdicts.judge_flavors(await probe.flavors(), machines),
        cloud_verdicts.judge_image(one.image, await probe.images(one.image)),
        cloud_verdicts.judge_network(one.network, networks, machines),
        cloud_verdicts.judge_addresses(networks[0], await probe.addresses_in_use(networks[0].id), machines),
        cloud_verdicts.judge_placement(await probe.offered(["CUSTOM_BM_GENERAL"]), machines),
    ]
    probe.close()
    assert [verdict for verdict in verdicts if verdict.state != "ok"] == []
