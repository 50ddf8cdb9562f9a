"""Plans, clusters, hosts and operations, as they cross the wire."""

from typing import Annotated, Any

import msgspec

from services.contracts.blueprint import Owner
from services.contracts.body import Body
from services.contracts.runs import Cell
from services.contracts.times import Timestamp

ClusterName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$",
        description="Lower-case letters, digits and hyphens; begins with a letter; at most 40 characters. "
        "Host names are made from it.",
    ),
]


class PlanRole(msgspec.Struct, frozen=True, kw_only=True):
    """The machines of one role: how many, of which class, under which names, in which batches."""

    name: str
    count: int
    resource_class: str
    flavor: str
    hosts: list[str]
    batches: list[list[str]]


class PlanElement(msgspec.Struct, frozen=True, kw_only=True):
    """An element in its place in the order, with its values resolved and the hosts it goes to.

    ``secrets`` are the specifications (name, kind, length) of what the platform makes for it.
    """

    name: str
    version: str
    owner: Owner = None
    hosts: list[str]
    values: dict[str, Any]
    secrets: list[dict[str, Any]] = []
    timeout_seconds: int = 600


class PlanCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check that has to pass before the cluster is called ready; it is told of at ``hosts``.

    It is given the plan's parameters. ``playbook`` is a path in the folder of the blueprint's version.
    """

    name: str
    summary: str
    playbook: str
    hosts: list[str]
    timeout_seconds: int = 600


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it fits now, by a snapshot of the inventory (outside the plan's hash)."""

    snapshot_id: str
    taken_at: Timestamp
    fits: bool
    shortages: list[str] = []


Whole = Annotated[bool, msgspec.Meta(description="Whether one template makes all machines at once, of every role.")]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a build will do, decided; ``hash`` covers all but ``id``, ``fit`` and the times."""

    id: str
    project_id: str
    cloud_id: str
    cluster_name: str
    blueprint: str
    blueprint_version: str
    blueprint_digest: str
    blueprint_owner: Owner = None
    parameters: dict[str, Any]
    whole: Whole = False
    roles: list[PlanRole]
    elements: list[PlanElement]
    checks: list[PlanCheck] = []
    hash: str
    fit: Fit
    created_at: Timestamp


WhoseBlueprint = Annotated[
    str | None,
    msgspec.Meta(description="Whose blueprint is meant, where several go by its name: a project's id, or `catalogue`."),
]


class CreatePlan(Body, frozen=True):
    project: str
    name: ClusterName
    blueprint: str
    version: str | None = None
    blueprint_owner: WhoseBlueprint = None
    cloud: str | None = None
    parameters: dict[str, Any] = {}


class CreateCluster(Body, frozen=True):
    """Either ``plan`` (an id), or what a plan is made of."""

    project: str
    name: ClusterName
    plan: str | None = None
    blueprint: str | None = None
    version: str | None = None
    blueprint_owner: WhoseBlueprint = None
    cloud: str | None = None
    parameters: dict[str, Any] = {}
    expires_at: Timestamp | None = None
    locked: bool = False


class ChangeCluster(Body, frozen=True):
    """Fields that are left out stay; ``expires_at: null`` takes the expiry away."""

    locked: bool | msgspec.UnsetType = msgspec.UNSET
    expires_at: Timestamp | msgspec.UnsetType | None = msgspec.UNSET


class Host(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    role: str
    state: str
    address: str | None
    server_id: str | None
    node_name: str | None
    reason: str | None = None


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """``state`` is one of the table in services/cluster/states.py; ``operation_id`` what is under way, if anything."""

    id: str
    project_id: str
    cloud_id: str
    name: str
    blueprint: str
    blueprint_version: str
    plan_id: str
    state: str
    locked: bool
    expires_at: Timestamp | None
    operation_id: str | None
    reason: str | None
    outputs: dict[str, Any]
    created_at: Timestamp
    changed_at: Timestamp
    hosts: list[Host] = []


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why something failed: a stable slug, a sentence to act on, the evidence, the runbook's address."""

    slug: str
    sentence: str
    evidence: str | None = None
    runbook: str | None = None


class UnitView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a step: a batch, a host or a run."""

    key: str
    state: str
    attempts: int
    note: str | None
    reason: Reason | None
    started_at: Timestamp | None
    ended_at: Timestamp | None


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: str
    phase: str
    state: str
    attempts: int
    note: str | None
    reason: Reason | None
    started_at: Timestamp | None
    ended_at: Timestamp | None
    units: list[UnitView] = []


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Work that outlives a request. ``allowed`` says which of resume, cancel and undo can be asked for now.

    ``seconds_left`` is an estimate from earlier operations of the same kind; null while there is no history.
    """

    id: str
    kind: str
    project_id: str
    cluster_id: str
    state: str
    reason: Reason | None
    steps: list[StepView]
    allowed: list[str]
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None
    seconds_left: float | None = None


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of the hosts, element by element and then check by check: ``cells`` of the newest run of each.

    A check has cells where it is told of, and once it is run.
    """

    operation_id: str
    hosts: list[str]
    elements: list[str]
    cells: list[Cell]


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a long call (202): where to look, also in ``Location``."""

    operation_id: str
    cluster_id: str


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster as plain files, by path: HOT of each batch, a script, Ansible, inventory, README."""

    cluster: str
    files: dict[str, Annotated[str, msgspec.Meta(description="UTF-8 text")]]
