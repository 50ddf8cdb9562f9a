"""A cluster built from its export by OpenStack's and Ansible's own commands, without the platform."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from tests.e2e.platform import CLOUD, Platform, finished

pytestmark = [pytest.mark.machines, pytest.mark.slow]

_WAY = f"  ProxyCommand ip netns exec cp-{CLOUD} socat - TCP:%h:%p\n"
_SECONDS = 300


class Stranger:
    """Somebody who has the export and a log-in at the cloud, and knows nothing of the platform."""

    def __init__(self, folder: Path, home: Path, clouds_file: Path) -> None:
        self.folder = folder
        ansible = Path(os.environ.get("CLOUDPOINT_CACHE") or Path.home() / ".cache/cloudpoint") / "ansible/bin"
        self._environment = {
            "PATH": f"{Path(sys.executable).parent}:{ansible}:{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "OS_CLIENT_CONFIG_FILE": str(clouds_file),
            "OS_CLOUD": "admin",
            "WAIT_SECONDS": "120",
        }

    def run(self, *command: str, place: str = ".") -> str:
        """Run a command in the export's folder and return what it printed; fails with its output."""
        done = subprocess.run(
            command,
            cwd=self.folder / place,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def stranger(
    platform: Platform,
    customer: Client,
    project: types.Project,
    parameters: dict[str, object],
    tmp_path: Path,
) -> Iterator[Stranger]:
    """The export of a cluster that was taken back before it was built: all of an export comes from the plan."""
    accepted = customer.clusters.create(project.id, "exported", blueprint="small", parameters=parameters)
    files = customer.clusters.export(accepted.cluster_id).files
    deleted = customer.clusters.delete(accepted.cluster_id)
    assert finished(customer, deleted.operation_id).state == "undone"
    folder = tmp_path / "export"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    with (folder / "ansible/ssh/config").open("a") as config:
        config.write(_WAY)
    # Ansible keeps its sockets at home, and the path of a socket has at most 107 bytes (unix(7)).
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        someone = Stranger(folder, Path(home), platform.state / "simcloud" / CLOUD / "clouds.yaml")
        yield someone
        someone.run("bash", "delete.sh")
    assert platform.servers() == []


def test_an_export_builds_the_cluster_without_the_platform(
    platform: Platform, stranger: Stranger, key_file: Path
) -> None:
    stranger.run("bash", "create.sh")
    assert platform.servers() == ["exported-compute-1", "exported-head"]
    stranger.run("ansible-playbook", "site.yml", place="ansible")
    stranger.run("ansible-playbook", "verify.yml", place="ansible")
    again = stranger.run("ansible-playbook", "site.yml", place="ansible")
    assert "changed=0" in again
    assert "changed=1" not in again
    variables = (stranger.folder / "ansible/host_vars/exported-head.yaml").read_text()
    address = variables.split('"')[1]
    who = ("ssh", "-F", "ssh/config", "-i", str(key_file), f"alice@{address}", "hostname; id -un")
    assert stranger.run(*who, place="ansible").split() == ["exported-head", "alice"]
    stranger.run("bash", "create.sh")
    assert len(platform.servers()) == 2
