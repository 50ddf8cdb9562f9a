"""A blueprint's checks: no cluster is called ready before they pass."""

import subprocess
from pathlib import Path

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from tests.e2e.platform import CLOUD, Platform, finished

pytestmark = [pytest.mark.machines, pytest.mark.slow]


def test_a_failed_check_parks_the_build_and_passes_when_its_cause_is_gone(
    platform: Platform, customer: Client, project: types.Project, parameters: dict[str, object], key_file: Path
) -> None:
    accepted = customer.clusters.create(project.id, "checked", blueprint="checked", parameters=parameters)
    parked = finished(customer, accepted.operation_id)
    assert parked.state == "parked" and isinstance(parked.reason, types.Reason)
    assert parked.reason.slug == "check-failed"
    assert parked.reason.sentence == "Check marked failed on checked-head in the task “Look for the mark”."
    assert "/home/alice/mark: No such file" in str(parked.reason.evidence)
    assert _checks(customer, parked.id) == {"known": "ok", "marked": "failed"}
    cluster = customer.clusters.show(accepted.cluster_id)
    hosts = cluster.hosts or []
    assert cluster.state == "building" and "failed" not in {host.state for host in hosts}

    _leave_a_mark(str(hosts[0].address), key_file)
    customer.operations.resume(parked.id)
    resumed = finished(customer, parked.id)
    assert resumed.state == "succeeded", resumed.reason
    assert _checks(customer, parked.id) == {"known": "ok", "marked": "ok"}
    assert customer.clusters.show(accepted.cluster_id).state == "ready"
    assert finished(customer, customer.clusters.delete(accepted.cluster_id).operation_id).state == "succeeded"


def _checks(customer: Client, operation_id: str) -> dict[str, str]:
    """Return the states of the checks, all told of at the head."""
    matrix = customer.operations.matrix(operation_id)
    assert matrix.elements[-2:] == ["known", "marked"]
    return {cell.element: cell.state for cell in matrix.cells if cell.element in ("known", "marked")}


def _leave_a_mark(address: str, key_file: Path) -> None:
    """Do on the head what the check looks for, by a way beside the platform: its cluster is not ready yet."""
    options = ["-i", str(key_file), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    command = ["ip", "netns", "exec", f"cp-{CLOUD}", "ssh", *options, "-o", "BatchMode=yes", f"alice@{address}"]
    done = subprocess.run([*command, "touch mark"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
