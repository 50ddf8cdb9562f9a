"""Runs for tests of the parts of the runner."""

from typing import Any

from services.contracts.runs import RunCheck, RunCluster, RunElement, RunHost, StartRun


def host(name: str, role: str = "compute", **changed: Any) -> RunHost:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0000000000000000000000000000000000000000"
    return RunHost(id=f"hst_{name}", name=name, role=role, address="10.99.7.10", host_keys=[key], **changed)


def run_of(*elements: RunElement, hosts: tuple[RunHost, ...] | None = None, **changed: Any) -> StartRun:
    names = dict.fromkeys(name for element in elements for name in element.hosts)
    given: dict[str, Any] = {
        "run_id": "run_1",
        "operation_id": "op_1",
        "project_id": "prj_a",
        "cloud_id": "alpha",
        "cluster": RunCluster("clu_1", "demo"),
        "phase": "apply",
        "hosts": list(hosts) if hosts is not None else [host(name) for name in names],
        "elements": list(elements),
    }
    return StartRun(**{**given, **changed})


def element(name: str, *hosts: str, **changed: Any) -> RunElement:
    return RunElement(name=name, version="1.0.0", hosts=list(hosts), **changed)


def check(name: str, *hosts: str, **changed: Any) -> RunCheck:
    given: dict[str, Any] = {"blueprint": "slurm", "version": "1.0.0", "playbook": f"checks/{name}.yaml", **changed}
    return RunCheck(name=name, hosts=list(hosts), **given)
