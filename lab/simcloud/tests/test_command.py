"""The `openstack` command, unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.simcloud.tests.running import RunningCloud
from lab.simcloud.tests.test_heat_stacks import FLEET, MACHINE


def rows(cloud: RunningCloud, entry: str, *arguments: str) -> Any:
    done = cloud.command(entry, *arguments, "-f", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_lists_of_a_new_cloud(cloud: RunningCloud) -> None:
    assert [row["Name"] for row in rows(cloud, "admin", "network", "list")] == ["provision"]
    assert [row["Name"] for row in rows(cloud, "admin", "image", "list")] == ["bm-image"]
    assert rows(cloud, "admin", "port", "list") == []
    nodes = rows(cloud, "system", "baremetal", "node", "list")
    assert {"node-0", "node-5"} <= {row.get("Name") or row.get("name") for row in nodes}
    assert rows(cloud, "admin", "baremetal", "node", "list") == []


@pytest.mark.slow
def test_a_stack_from_creation_to_deletion(cloud: RunningCloud, tmp_path: Path) -> None:
    (tmp_path / "machine.yaml").write_text(MACHINE)
    (tmp_path / "fleet.yaml").write_text(json.dumps(FLEET))
    template = str(tmp_path / "fleet.yaml")
    made = cloud.command("admin", "stack", "create", "--wait", "-t", template, "--parameter", "count=2", "cli")
    assert made.returncode == 0, made.stderr
    shown = rows(cloud, "admin", "stack", "show", "cli")
    assert shown["stack_status"] == "CREATE_COMPLETE"
    assert {row["Name"] for row in rows(cloud, "admin", "server", "list")} == {"cli-0", "cli-1"}
    assert len(rows(cloud, "admin", "port", "list")) == 2
    assert [row["Stack Name"] for row in rows(cloud, "admin", "stack", "list")] == ["cli"]
    gone = cloud.command("admin", "stack", "delete", "--yes", "--wait", "cli")
    assert gone.returncode == 0, gone.stderr
    missing = cloud.command("admin", "stack", "show", "cli")
    assert missing.returncode != 0
    assert "cli" in missing.stderr
    assert rows(cloud, "admin", "server", "list") == []
