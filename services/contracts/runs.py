"""Runs of elements on hosts (runner), and the streams that carry them there (relay)."""

from typing import Any

import msgspec

from services.contracts.times import Timestamp


class RunHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host of a run: reached by the relay at its address and port, known by its pinned ``host_keys``."""

    id: str
    name: str
    role: str
    address: str
    port: int = 22
    host_keys: list[str]
    variables: dict[str, Any] = {}


class RunElement(msgspec.Struct, frozen=True, kw_only=True):
    """One element of a run, for some of its hosts; ``secrets`` are names, not values.

    The value of secret ``key`` of element ``munge`` is the cluster's secret ``munge/key``. ``owner`` is the project
    whose own it is; such ones get a sandbox of their own.
    """

    name: str
    version: str
    owner: str | None = None
    hosts: list[str]
    values: dict[str, Any] = {}
    secrets: list[str] = []
    timeout_seconds: int = 600


class RunCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check of a blueprint: ``playbook`` is a path in the folder of the blueprint's version.

    Its cells are those of ``hosts``; its plays name by themselves where they work. ``values`` are the blueprint's
    parameters, which the playbook knows as ``element``. ``owner`` is the project whose own the blueprint is.
    """

    name: str
    blueprint: str
    version: str
    owner: str | None = None
    playbook: str
    hosts: list[str]
    values: dict[str, Any] = {}
    timeout_seconds: int = 600


class RunCluster(msgspec.Struct, frozen=True):
    id: str
    name: str


class StartRun(msgspec.Struct, frozen=True, kw_only=True):
    """Start a run; the same ``run_id`` again answers the run that is there. ``phase`` is apply, verify or revert.

    ``checks`` come after the elements, in phase verify only. ``mandate`` is one for the runner, so that it need not ask
    for it.
    """

    run_id: str
    operation_id: str
    project_id: str
    cloud_id: str
    cluster: RunCluster
    phase: str
    hosts: list[RunHost]
    elements: list[RunElement]
    checks: list[RunCheck] = []
    facts: dict[str, Any] = {}
    mandate: str | None = None


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One element (or check) on one host. States: pending, running, ok, changed, failed, unreachable, skipped."""

    host: str
    element: str
    state: str
    task: str | None = None
    message: str | None = None
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    log_offset: int | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """States: queued, running, succeeded, failed, cancelled, lost; ``reason`` is a sentence for the last three."""

    id: str
    operation_id: str
    project_id: str
    cluster_id: str
    phase: str
    state: str
    reason: str | None
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None
    cells: list[Cell]


class RunEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened in a run. ``number`` grows by one with each.

    ``kind``: ``run`` (the run came to ``state``), ``cell`` (an element on a host came to ``state``), or ``task`` (one
    task on one host ended: ok, changed, failed, ignored, unreachable, skipped; ``seconds`` is how long it took).
    """

    number: int
    at: Timestamp
    kind: str
    state: str
    host: str | None = None
    element: str | None = None
    task: str | None = None
    message: str | None = None
    seconds: float | None = None
    log_offset: int | None = None


class RunEventList(msgspec.Struct, frozen=True):
    """Events in order; ``complete`` when the run has ended and none comes after these."""

    items: list[RunEvent]
    complete: bool


class RunLog(msgspec.Struct, frozen=True):
    """A piece of a run's log, from an offset in characters.

    ``next_offset`` is where the next piece begins; ``complete`` when the run has ended and this is the last piece.
    """

    text: str
    next_offset: int
    complete: bool


class StreamHost(msgspec.Struct, frozen=True, kw_only=True):
    host_id: str
    name: str
    address: str
    port: int = 22


class OpenStreams(msgspec.Struct, frozen=True, kw_only=True):
    """Open one unix socket a host for a session (a run), until ``expires_at``."""

    session_id: str
    operation_id: str
    project_id: str
    cluster_id: str
    cloud_id: str
    hosts: list[StreamHost]
    expires_at: Timestamp
    purpose: str = "run"


class StreamSession(msgspec.Struct, frozen=True, kw_only=True):
    """``folder`` holds ``<host name>.sock`` for each host."""

    session_id: str
    folder: str
    expires_at: Timestamp


class StreamUse(msgspec.Struct, frozen=True, kw_only=True):
    """An open session: what it is for, who holds it, since when and until when, and what went through it."""

    session_id: str
    project_id: str
    purpose: str
    holder: str
    operation_id: str | None
    cluster_id: str | None
    cloud_id: str
    opened_at: Timestamp
    expires_at: Timestamp
    hosts: list[str]
    connections: int
    bytes_to_hosts: int
    bytes_from_hosts: int


class StreamList(msgspec.Struct, frozen=True):
    items: list[StreamUse]


class ProbeRequest(msgspec.Struct, frozen=True, kw_only=True):
    project_id: str
    cluster_id: str
    cloud_id: str
    hosts: list[StreamHost]
    timeout_seconds: float = 3.0


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a host's SSH answers, with its host keys, or why not."""

    host_id: str
    reachable: bool
    banner: str | None = None
    host_keys: list[str] = []
    reason: str | None = None


class ProbeReport(msgspec.Struct, frozen=True):
    items: list[Probe]
