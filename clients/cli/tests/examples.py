"""Bodies as the API answers them."""

from typing import Any

AT = "2026-11-21T13:12:27Z"


def cluster(**changes: Any) -> dict[str, Any]:
    """A ready cluster of two hosts."""
    hosts = [_host("demo-head", "head", "10.77.0.10"), _host("demo-compute-1", "compute", "10.77.0.11")]
    known = {
        "id": "clu_1",
        "project_id": "prj_1",
        "cloud_id": "alpha",
        "name": "demo",
        "blueprint": "slurm",
        "blueprint_version": "1.0.0",
        "plan_id": "pln_1",
        "state": "ready",
        "locked": False,
        "expires_at": None,
        "operation_id": None,
        "reason": None,
        "outputs": {"login": {"kind": "ssh", "hosts": [{"name": "demo-head", "address": "10.77.0.10"}]}},
        "created_at": AT,
        "changed_at": AT,
        "hosts": hosts,
    }
    return {**known, **changes}


def operation(state: str = "running", **changes: Any) -> dict[str, Any]:
    """A build with two steps."""
    known = {
        "id": "op_1",
        "kind": "cluster.build",
        "project_id": "prj_1",
        "cluster_id": "clu_1",
        "state": state,
        "reason": None,
        "steps": [step("Hold machines", "done"), step("Configure", "running", note="1 of 4 done")],
        "allowed": ["cancel"],
        "created_at": AT,
        "started_at": AT,
        "ended_at": None,
        "seconds_left": 61.0,
    }
    return {**known, **changes}


def step(title: str, state: str, **changes: Any) -> dict[str, Any]:
    """A step; it began when it is not pending, and took 90 s when it is done."""
    began = None if state == "pending" else AT
    ended = "2026-11-21T13:13:57Z" if state == "done" else None
    known = {"name": title.lower(), "title": title, "phase": "forward", "state": state, "attempts": 1, "note": None}
    return {**known, "reason": None, "started_at": began, "ended_at": ended, "units": [], **changes}


def unit(key: str, state: str, note: str | None) -> dict[str, Any]:
    """A part of a step."""
    return {"key": key, "state": state, "attempts": 1, "note": note, "reason": None, "started_at": AT, "ended_at": None}


def matrix(*cells: tuple[str, str, str]) -> dict[str, Any]:
    """A matrix of (host, element, state)."""
    hosts = list(dict.fromkeys(host for host, _, _ in cells))
    elements = list(dict.fromkeys(element for _, element, _ in cells))
    told = [{"host": host, "element": element, "state": state} for host, element, state in cells]
    return {"operation_id": "op_1", "hosts": hosts, "elements": elements, "cells": told}


def event(number: int) -> dict[str, Any]:
    """An event of the project."""
    return {
        "number": number,
        "id": f"evt_{number}",
        "type": "cluster.changed",
        "source": "cluster",
        "subject": "clu_1",
        "project_id": "prj_1",
        "at": AT,
        "data": {"state": "ready", "reason": None},
    }


def page(*items: Any, cursor: str | None = None) -> dict[str, Any]:
    """A page of a list."""
    return {"items": list(items), "next_cursor": cursor}


def project(number: int = 1, name: str = "research") -> dict[str, Any]:
    """A project."""
    return {"id": f"prj_{number}", "organisation_id": "org_1", "name": name, "created_at": AT}


def user() -> dict[str, Any]:
    """Who is logged in."""
    return {"id": "usr_1", "email": "Ada.L@example.org", "name": "Ada", "state": "active", "created_at": AT}


def key() -> dict[str, Any]:
    """An SSH key."""
    return {
        "id": "key_1",
        "name": "laptop",
        "public_key": "ssh-ed25519 AAAA a",
        "fingerprint": "SHA256:x",
        "created_at": AT,
    }


def _host(name: str, role: str, address: str) -> dict[str, Any]:
    known = {"id": f"hst_{name}", "name": name, "role": role, "state": "ready", "address": address}
    return {**known, "server_id": "s", "node_name": "alpha-m1", "reason": None}
