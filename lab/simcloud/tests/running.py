"""A simcloud of one test run: its process, and the real clients against it."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import openstack
from heatclient import client as heat_client
from openstack.connection import Connection

CLOUD_PORTS = 8
START_SECONDS = 60.0
STOP_SECONDS = 10.0
ROOT = Path(__file__).resolve().parents[3]


class RunningCloud:
    """A cloud in a process of its own, which a test may stop, kill and start again."""

    def __init__(self, name: str, state: Path, base_port: int, subnet: str, *options: str) -> None:
        self.name = name
        self.state = state
        self.base_port = base_port
        self.clouds_file = state / "clouds.yaml"
        self._command = [sys.executable, "-m", "lab.simcloud", "serve", "--name", name, "--state", str(state)]
        self._command += ["--base-port", str(base_port), "--subnet", subnet, *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process and waits until Keystone answers."""
        with (self.state.parent / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"simcloud ended, see {self.state.parent}/{self.name}.log"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.base_port}/v3", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("simcloud does not answer")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends the process; its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(STOP_SECONDS)
        self._process = None
        return code

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def connect(self, cloud: str = "admin") -> Connection:
        """openstacksdk by an entry of the cloud's clouds.yaml."""
        config = openstack.config.OpenStackConfig(config_files=[str(self.clouds_file)], load_envvars=False)
        return Connection(config=config.get_one(cloud))

    def connect_as(self, **auth: Any) -> Connection:
        """openstacksdk by other credentials."""
        kind = {"auth_type": "v3applicationcredential"} if "application_credential_id" in auth else {}
        options = {"auth_url": f"http://127.0.0.1:{self.base_port}/v3", **auth}
        if not kind:
            options = {"user_domain_id": "default", "project_domain_id": "default", **options}
        return openstack.connect(
            load_yaml_config=False, load_envvars=False, region_name=self.name, auth=options, **kind
        )

    def heat(self, connection: Connection) -> Any:
        """python-heatclient with the connection's session."""
        return heat_client.Client("1", session=connection.session, region_name=self.name, interface="public")

    def command(self, cloud: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The `openstack` command."""
        program = Path(sys.executable).with_name("openstack")
        environment = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(self.clouds_file)}
        return subprocess.run(
            [program, "--os-cloud", cloud, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def wait_stack(heat: Any, stack_id: str, *states: str, seconds: float = 30.0) -> Any:
    """The stack when it has reached one of the states; TimeoutError with the last one else."""
    deadline = time.monotonic() + seconds
    while True:
        stack = heat.stacks.get(stack_id)
        if stack.stack_status in states:
            return stack
        if time.monotonic() > deadline:
            raise TimeoutError(f"{stack.stack_name} is {stack.stack_status}: {stack.stack_status_reason}")
        time.sleep(0.1)


def wait_until(holds: Any, seconds: float = 20.0) -> None:
    """Returns when `holds()` is true; TimeoutError else."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("the state did not come")
        time.sleep(0.1)


def enrol(system: Connection, name: str, **fields: Any) -> Any:
    """A node that is available."""
    defaults = {"resource_class": "bm.general", "driver": "fake-hardware"}
    node = system.baremetal.create_node(name=name, **(defaults | fields))
    for verb, state in (("manage", "manageable"), ("provide", "available")):
        system.baremetal.set_node_provision_state(node, verb)
        wait_node(system, node.id, state)
    return system.baremetal.get_node(node.id)


def wait_node(system: Connection, node_id: str, *states: str, seconds: float = 30.0) -> Any:
    """The node when it is in one of the states and unlocked."""

    def there() -> bool:
        node = system.baremetal.get_node(node_id)
        return node.provision_state in states and node.reservation is None

    wait_until(there, seconds)
    return system.baremetal.get_node(node_id)
