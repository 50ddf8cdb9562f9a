"""The `openstack` command with its heat and baremetal plugins: the same commands, the same shape of answers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.chassis.cloud import CloudAccess
from tests.contract.openstack.api import Answer, Api
from tests.contract.openstack.builds import BATCH, HOSTS, Batch
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.stage import NAME, NODES, RESOURCE_CLASS
from tests.contract.openstack.witness import Witness

ROOT = Path(__file__).parents[3]
COMMANDS = yaml.safe_load((Path(__file__).parent / "commands.yaml").read_text())
ANSWER_SECONDS = 120


class Typist:
    """Types commands at one cloud, and is whoever it is told to be."""

    def __init__(self, cloud: Cloud, access: CloudAccess, folder: Path) -> None:
        self._file = folder / "clouds.yaml"
        entries = {who: self._entry(cloud, cloud.login(who)) for who in ("admin", "system")}
        entries["member"] = self._entry(cloud, access.auth)
        self._file.write_text(yaml.safe_dump({"clouds": entries}))
        self._file.chmod(0o600)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.openstack.command_runner"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def _entry(cloud: Cloud, auth: dict[str, Any]) -> dict[str, Any]:
        return {"region_name": cloud.region, "identity_api_version": 3, "interface": "public", "auth": auth}

    def type(self, who: str, *arguments: str) -> Any:
        """Run one command; its exit code, output and errors."""
        assert self._process.stdin and self._process.stdout
        environment = {"OS_CLIENT_CONFIG_FILE": str(self._file), "PYTHONWARNINGS": "ignore"}
        command = {"arguments": ["--os-cloud", who, *arguments], "environment": environment}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)


@pytest.fixture(scope="module")
def typist(cloud: Cloud, access: CloudAccess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    one = Typist(cloud, access, tmp_path_factory.mktemp("typist"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def words(batch: Batch, member: Api, cloud: Cloud) -> dict[str, str]:
    """Names and ids to type."""
    return {
        "stack": BATCH,
        "server": HOSTS[0],
        "port": member.get("network", f"/v2.0/ports?name={HOSTS[0]}").of(200)["ports"][0]["id"],
        "flavor": NAME,
        "network": cloud.network,
        "project": NAME,
        "user": NAME,
        "node": NODES[-1],
        "class": RESOURCE_CLASS,
    }


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command["name"])
def test_a_command(typist: Typist, words: dict[str, str], witness: Witness, command: dict[str, str]) -> None:
    asked = [part.format(**words) for part in command["run"].split()]
    missing = command["name"].endswith(("missing", "unknown"))
    given = typist.type(command["who"], *asked, *([] if missing else ["-f", "json"]))
    body: Any = {"errors": given["errors"].strip().splitlines()[-1:]} if missing else json.loads(given["output"])
    assert (given["code"] != 0) == missing, given
    free = ["Properties", "properties", "parameters", "attributes", "addresses", "Networks", "template", "output_value"]
    witness.see(f"commands/{command['name']}", Answer(given["code"], body), free=free)
