"""Bodies of the API, generated from docs/api/operator.json: make generate."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from cloudpoint.sdk.answer import Answer
from msgspec import UNSET, Meta, UnsetType, field


class Accepted(Answer, kw_only=True):
    """
    The answer to a long call (202): where to look, also in ``Location``.
    """

    operation_id: str
    cluster_id: str


class AddSshKey(Answer, kw_only=True):
    name: Annotated[str, Meta(max_length=100, min_length=1)]
    public_key: Annotated[str, Meta(max_length=16384)]


class ApiToken(Answer, kw_only=True):
    id: str
    name: str
    projects: list[str] | None
    role: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class AuditRecord(Answer, kw_only=True):
    """
    One line of the audit chain; ``digest`` covers it and the one before, so that a gap or a change shows.
    """

    number: int
    at: datetime
    kind: str
    subject: str
    project_id: str | None
    chain: list[str]
    data: dict[str, Any]
    digest: str


class AuditVerification(Answer, kw_only=True):
    """
    Whether the chain holds from its first record to its last; ``first_broken`` is the number where it breaks.
    """

    records: int
    intact: bool
    first_broken: int | None | UnsetType = UNSET
    last_digest: str | None | UnsetType = UNSET


class Binding(Answer, kw_only=True):
    """
    One role of one subject; ``project_id`` is null for a platform role.
    """

    subject: str
    role: str
    project_id: str | None | UnsetType = UNSET


class BlueprintSummary(Answer, kw_only=True):
    name: str
    version: str
    summary: str
    icon: str | None
    roles: list[str]
    published_at: datetime
    owner: (
        Annotated[
            str,
            Meta(description="The project whose own it is; null is the catalogue's, which everybody may use."),
        ]
        | None
        | UnsetType
    ) = UNSET
    shared: bool | UnsetType = False


class Cell(Answer, kw_only=True):
    """
    One element (or check) on one host. States: pending, running, ok, changed, failed, unreachable, skipped.
    """

    host: str
    element: str
    state: str
    task: str | None | UnsetType = UNSET
    message: str | None | UnsetType = UNSET
    started_at: datetime | None | UnsetType = UNSET
    ended_at: datetime | None | UnsetType = UNSET
    log_offset: int | None | UnsetType = UNSET


class ChangeCluster(Answer, kw_only=True):
    """
    Fields that are left out stay; ``expires_at: null`` takes the expiry away.
    """

    locked: bool | UnsetType = UNSET
    expires_at: datetime | None | UnsetType = UNSET


class ChangePassword(Answer, kw_only=True):
    """
    One's own password: the old one is asked for again, and every session ends.
    """

    old_password: Annotated[str, Meta(max_length=1024, min_length=1)]
    new_password: Annotated[str, Meta(max_length=1024, min_length=12)]


class ChangeSharing(Answer, kw_only=True):
    """
    Whether the other projects of the organisation may see and use all versions of it.
    """

    project: str
    shared: bool


class ChangeUser(Answer, kw_only=True):
    """
    ``state`` is ``active`` or ``suspended``.
    """

    state: str


class CheckCloud(Answer, kw_only=True):
    """
    ``project`` (an id) is whose quotas, image, network and flavors are looked at: each project sees its own.
    """

    project: str | None | UnsetType = UNSET


class Cloud(Answer, kw_only=True):
    """
    A cloud that clusters can be built on; ``default`` if it is the one that is taken when none is named.
    """

    id: str
    default: bool


class CloudFinding(Answer, kw_only=True):
    """
    What one check found.

        ``state`` is ``ok``, ``warning`` (works, but not for everything or not for long), ``failed`` (builds will fail) or
        ``unchecked`` (can't be told before something else is mended). ``evidence`` is what the cloud itself said.
    """

    check: str
    state: str
    sentence: str
    what_to_mend: str | None | UnsetType = UNSET
    evidence: str | None | UnsetType = UNSET


class CloudReport(Answer, kw_only=True):
    """
    The findings of one service at one cloud, in the order in which they are best mended.
    """

    cloud_id: str
    service: str
    looked_at: datetime
    findings: list[CloudFinding]


ExpiresInDays: TypeAlias = Annotated[int, Meta(ge=1, le=3650)]


class CreateApiToken(Answer, kw_only=True):
    name: Annotated[str, Meta(max_length=100, min_length=1)]
    projects: list[str] | None | UnsetType = UNSET
    role: str | None | UnsetType = UNSET
    expires_in_days: ExpiresInDays | None | UnsetType = 90


class CreateCluster(Answer, kw_only=True):
    """
    Either ``plan`` (an id), or what a plan is made of.
    """

    project: str
    name: Annotated[
        str,
        Meta(
            description='Lower-case letters, digits and hyphens; begins with a letter; at most 40 characters. Host names are made from it.',
            pattern='^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$',
        ),
    ]
    plan: str | None | UnsetType = UNSET
    blueprint: str | None | UnsetType = UNSET
    version: str | None | UnsetType = UNSET
    blueprint_owner: (
        Annotated[
            str,
            Meta(description="Whose blueprint is meant, where several go by its name: a project's id, or `catalogue`."),
        ]
        | None
        | UnsetType
    ) = UNSET
    cloud: str | None | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = field(default_factory=dict)
    expires_at: datetime | None | UnsetType = UNSET
    locked: bool | UnsetType = False


class CreateOrganisation(Answer, kw_only=True):
    name: Annotated[
        str,
        Meta(
            description='Lower-case letters, digits and hyphens; begins with a letter; at most 63 characters.',
            pattern='^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$',
        ),
    ]


class CreatePlan(Answer, kw_only=True):
    project: str
    name: Annotated[
        str,
        Meta(
            description='Lower-case letters, digits and hyphens; begins with a letter; at most 40 characters. Host names are made from it.',
            pattern='^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$',
        ),
    ]
    blueprint: str
    version: str | None | UnsetType = UNSET
    blueprint_owner: (
        Annotated[
            str,
            Meta(description="Whose blueprint is meant, where several go by its name: a project's id, or `catalogue`."),
        ]
        | None
        | UnsetType
    ) = UNSET
    cloud: str | None | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = field(default_factory=dict)


class CreateProject(Answer, kw_only=True):
    organisation: str
    name: Annotated[
        str,
        Meta(
            description='Lower-case letters, digits and hyphens; begins with a letter; at most 63 characters.',
            pattern='^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$',
        ),
    ]


class CreateUser(Answer, kw_only=True):
    email: Annotated[str, Meta(max_length=254, pattern='^[^@\\s]+@[^@\\s]+$')]
    name: Annotated[str, Meta(max_length=100, min_length=1)]
    password: Annotated[str, Meta(max_length=1024, min_length=12)]
    platform_role: str | None | UnsetType = UNSET


class CreatedApiToken(Answer, kw_only=True):
    """
    The token itself is shown here and never again.
    """

    id: str
    token: str
    expires_at: datetime | None


class ElementUse(Answer, kw_only=True):
    """
    An element of a blueprint, resolved to a version; ``values`` may hold ``{"parameter": name}`` references.
    """

    element: str
    version: str
    roles: list[str]
    owner: (
        Annotated[
            str,
            Meta(description="The project whose own it is; null is the catalogue's, which everybody may use."),
        ]
        | None
        | UnsetType
    ) = UNSET
    values: dict[str, Any] | UnsetType = field(default_factory=dict)
    secrets: list[dict[str, Any]] | UnsetType = field(default_factory=list)
    timeout_seconds: int | UnsetType = 600
    reversible: bool | UnsetType = True


class ElementVersion(Answer, kw_only=True):
    name: str
    version: str
    summary: str
    provides: list[str]
    requires: list[str]
    conflicts: list[str]
    parameters: dict[str, Any]
    secrets: list[dict[str, Any]]
    timeout_seconds: int
    reversible: bool
    digest: str
    owner: (
        Annotated[
            str,
            Meta(description="The project whose own it is; null is the catalogue's, which everybody may use."),
        ]
        | None
        | UnsetType
    ) = UNSET
    shared: bool | UnsetType = False


class Explanation(Answer, kw_only=True):
    """
    Whether a subject may do something on a project, and why (or why not), in sentences.
    """

    allowed: bool
    sentences: list[str]


class Export(Answer, kw_only=True):
    """
    A cluster as plain files, by path: HOT of each batch, a script, Ansible, inventory, README.
    """

    cluster: str
    files: dict[str, str]


class FieldProblem(Answer, kw_only=True):
    """
    One thing wrong with one place of a request.

        ``pointer`` is an RFC 6901 JSON pointer into the body, or ``?name`` for a query parameter.
    """

    pointer: str
    message: str
    hint: str | None | UnsetType = UNSET


class FileDifference(Answer, kw_only=True):
    """
    What changed in one file: ``kind`` is added, removed or changed; ``lines`` is a unified diff.
    """

    path: str
    kind: str
    lines: str


class Finding(Answer, kw_only=True):
    """
    One error of a blueprint or element: where (file, line from 1) and what to do.
    """

    file: str
    line: int | None
    message: str
    hint: str | None | UnsetType = UNSET


class Fit(Answer, kw_only=True):
    """
    Whether it fits now, by a snapshot of the inventory (outside the plan's hash).
    """

    snapshot_id: str
    taken_at: datetime
    fits: bool
    shortages: list[str] | UnsetType = field(default_factory=list)


class FolderFiles(Answer, kw_only=True):
    """
    A version's folder as it was published.
    """

    name: str
    version: str
    files: dict[str, str]


class Form(Answer, kw_only=True):
    """
    What a UI needs to ask for the parameters: fields in order, each with its schema and hints.
    """

    blueprint: str
    version: str
    fields: list[dict[str, Any]]


class Host(Answer, kw_only=True):
    id: str
    name: str
    role: str
    state: str
    address: str | None
    server_id: str | None
    node_name: str | None
    reason: str | None | UnsetType = UNSET


class LogIn(Answer, kw_only=True):
    email: Annotated[str, Meta(max_length=254, pattern='^[^@\\s]+@[^@\\s]+$')]
    password: Annotated[str, Meta(max_length=1024, min_length=1)]


class Matrix(Answer, kw_only=True):
    """
    The configuration of the hosts, element by element and then check by check: ``cells`` of the newest run of each.

        A check has cells where it is told of, and once it is run.
    """

    operation_id: str
    hosts: list[str]
    elements: list[str]
    cells: list[Cell]


class Member(Answer, kw_only=True):
    user_id: str
    email: str
    name: str
    role: str


class Node(Answer, kw_only=True):
    """
    One machine. ``state`` is Ironic's provision state, ``last_error`` what Ironic said last.
    """

    id: str
    cloud_id: str
    cloud_node_id: str
    name: str
    resource_class: str
    state: str
    power: str | None
    maintenance: bool
    maintenance_reason: str | None
    last_error: str | None
    instance_id: str | None
    seen_at: datetime
    cluster_id: str | None | UnsetType = UNSET
    properties: dict[str, Any] | UnsetType = field(default_factory=dict)
    traits: list[str] | UnsetType = field(default_factory=list)


class Organisation(Answer, kw_only=True):
    id: str
    name: str
    created_at: datetime


class PageApiToken(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[ApiToken]
    next_cursor: str | None | UnsetType = UNSET


class PageAuditRecord(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[AuditRecord]
    next_cursor: str | None | UnsetType = UNSET


class PageBinding(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[Binding]
    next_cursor: str | None | UnsetType = UNSET


class PageBlueprintSummary(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[BlueprintSummary]
    next_cursor: str | None | UnsetType = UNSET


class PageCloud(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[Cloud]
    next_cursor: str | None | UnsetType = UNSET


class PageElementVersion(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[ElementVersion]
    next_cursor: str | None | UnsetType = UNSET


class PageMember(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[Member]
    next_cursor: str | None | UnsetType = UNSET


class PageNode(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[Node]
    next_cursor: str | None | UnsetType = UNSET


class PageOrganisation(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[Organisation]
    next_cursor: str | None | UnsetType = UNSET


class PlanCheck(Answer, kw_only=True):
    """
    A check that has to pass before the cluster is called ready; it is told of at ``hosts``.

        It is given the plan's parameters. ``playbook`` is a path in the folder of the blueprint's version.
    """

    name: str
    summary: str
    playbook: str
    hosts: list[str]
    timeout_seconds: int | UnsetType = 600


class PlanElement(Answer, kw_only=True):
    """
    An element in its place in the order, with its values resolved and the hosts it goes to.

        ``secrets`` are the specifications (name, kind, length) of what the platform makes for it.
    """

    name: str
    version: str
    hosts: list[str]
    values: dict[str, Any]
    owner: (
        Annotated[
            str,
            Meta(description="The project whose own it is; null is the catalogue's, which everybody may use."),
        ]
        | None
        | UnsetType
    ) = UNSET
    secrets: list[dict[str, Any]] | UnsetType = field(default_factory=list)
    timeout_seconds: int | UnsetType = 600


class PlanRole(Answer, kw_only=True):
    """
    The machines of one role: how many, of which class, under which names, in which batches.
    """

    name: str
    count: int
    resource_class: str
    flavor: str
    hosts: list[str]
    batches: list[list[str]]


class ProblemDocument(Answer, kw_only=True):
    """
    The body of every error answer (RFC 9457, media type ``application/problem+json``).
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str | None | UnsetType = UNSET
    errors: list[FieldProblem] | UnsetType = field(default_factory=list)
    request_id: str | None | UnsetType = UNSET


class Project(Answer, kw_only=True):
    id: str
    organisation_id: str
    name: str
    created_at: datetime


class Publish(Answer, kw_only=True):
    """
    The files of an element that becomes the project's own.
    """

    project: str
    files: Annotated[
        dict[str, str],
        Meta(description='Files of the folder by path, as text.', max_length=500),
    ]


class PublishBlueprint(Answer, kw_only=True):
    """
    The files of a blueprint, or one HOT template, that becomes the project's own.
    """

    project: str
    files: Annotated[
        dict[str, str],
        Meta(description='Files of the folder by path, as text.', max_length=500),
    ]
    name: (
        Annotated[
            str,
            Meta(description="Of a single template, what the blueprint is to be called; its file's name if left out."),
        ]
        | None
        | UnsetType
    ) = UNSET
    version: (
        Annotated[
            str,
            Meta(description="Of a single template, the blueprint's version; 1.0.0 if left out."),
        ]
        | None
        | UnsetType
    ) = UNSET


class PublishedVersion(Answer, kw_only=True):
    """
    One version of a blueprint or element, by its content (``digest``).
    """

    name: str
    version: str
    summary: str
    digest: str
    published_at: datetime
    owner: (
        Annotated[
            str,
            Meta(description="The project whose own it is; null is the catalogue's, which everybody may use."),
        ]
        | None
        | UnsetType
    ) = UNSET
    shared: bool | UnsetType = False


class Reason(Answer, kw_only=True):
    """
    Why something failed: a stable slug, a sentence to act on, the evidence, the runbook's address.
    """

    slug: str
    sentence: str
    evidence: str | None | UnsetType = UNSET
    runbook: str | None | UnsetType = UNSET


class RecordedEvent(Answer, kw_only=True):
    """
    ``number`` grows by one with each event of a project, without a gap; it is the SSE ``id`` too.
    """

    number: int
    id: str
    type: str
    source: str
    subject: str
    project_id: str
    at: datetime
    data: dict[str, Any]


class RoleNeeds(Answer, kw_only=True):
    """
    A role of a blueprint: ``count`` is a number or ``{"parameter": name}``.
    """

    name: str
    resource_class: str
    flavor: str
    count: Any
    min_count: int
    max_count: int | None


class RunLog(Answer, kw_only=True):
    """
    A piece of a run's log, from an offset in characters.

        ``next_offset`` is where the next piece begins; ``complete`` when the run has ended and this is the last piece.
    """

    text: str
    next_offset: int
    complete: bool


class Session(Answer, kw_only=True):
    """
    A session token (EdDSA JWT) and until when it is good.
    """

    id: str
    token: str
    user_id: str
    expires_at: datetime


class SetMaintenance(Answer, kw_only=True):
    reason: Annotated[str, Meta(max_length=500, min_length=1)]


class SetMember(Answer, kw_only=True):
    """
    ``role`` is ``viewer``, ``member`` or ``manager``.
    """

    role: str


class SetPower(Answer, kw_only=True):
    """
    ``target`` is ``on``, ``off``, ``soft-off`` or ``reboot``.
    """

    target: str


class Sharing(Answer, kw_only=True):
    name: str
    owner: str
    shared: bool


class SshKey(Answer, kw_only=True):
    """
    ``fingerprint`` is the SHA-256 one of OpenSSH.
    """

    id: str
    name: str
    public_key: str
    fingerprint: str
    created_at: datetime


class UnitView(Answer, kw_only=True):
    """
    A part of a step: a batch, a host or a run.
    """

    key: str
    state: str
    attempts: int
    note: str | None
    reason: Reason | None
    started_at: datetime | None
    ended_at: datetime | None


class User(Answer, kw_only=True):
    id: str
    email: str
    name: str
    state: str
    created_at: datetime


class ValidateBlueprint(Answer, kw_only=True):
    """
    A blueprint's files, or one HOT template; with a project, what it has and sees of elements may be used.
    """

    files: Annotated[
        dict[str, str],
        Meta(description='Files of the folder by path, as text.', max_length=500),
    ]
    project: str | None | UnsetType = UNSET
    name: (
        Annotated[
            str,
            Meta(description="Of a single template, what the blueprint is to be called; its file's name if left out."),
        ]
        | None
        | UnsetType
    ) = UNSET
    version: (
        Annotated[
            str,
            Meta(description="Of a single template, the blueprint's version; 1.0.0 if left out."),
        ]
        | None
        | UnsetType
    ) = UNSET


class ValidateElement(Answer, kw_only=True):
    """
    An element's files.
    """

    files: Annotated[
        dict[str, str],
        Meta(description='Files of the folder by path, as text.', max_length=500),
    ]


class ValidationReport(Answer, kw_only=True):
    valid: bool
    findings: list[Finding]


class BlueprintVersion(Answer, kw_only=True):
    """
    One immutable version, whole; ``digest`` covers all of it.

        ``templates`` holds HOT by role, or one named ``whole`` that makes all machines at once, and beside it ``shared``;
        ``template_files`` nested templates by their base name; ``template_parameters`` the names of the parameters that the
        template ``whole`` is given as they are.
    """

    id: str
    name: str
    version: str
    summary: str
    icon: str | None
    readme: str
    parameters: dict[str, Any]
    roles: list[RoleNeeds]
    elements: list[ElementUse]
    templates: dict[str, str]
    outputs: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    digest: str
    published_at: datetime
    template_files: dict[str, str] | UnsetType = field(default_factory=dict)
    template_parameters: list[str] | UnsetType = field(default_factory=list)
    owner: (
        Annotated[
            str,
            Meta(description="The project whose own it is; null is the catalogue's, which everybody may use."),
        ]
        | None
        | UnsetType
    ) = UNSET
    shared: bool | UnsetType = False


class Cluster(Answer, kw_only=True):
    """
    ``state`` is one of the table in services/cluster/states.py; ``operation_id`` what is under way, if anything.
    """

    id: str
    project_id: str
    cloud_id: str
    name: str
    blueprint: str
    blueprint_version: str
    plan_id: str
    state: str
    locked: bool
    expires_at: datetime | None
    operation_id: str | None
    reason: str | None
    outputs: dict[str, Any]
    created_at: datetime
    changed_at: datetime
    hosts: list[Host] | UnsetType = field(default_factory=list)


class Difference(Answer, kw_only=True):
    """
    What differs between two versions: file by file, and in the parameters that a customer is asked for.
    """

    name: str
    before: str
    after: str
    files: list[FileDifference]
    parameters_added: list[str]
    parameters_removed: list[str]
    parameters_changed: list[str]


class PageCluster(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[Cluster]
    next_cursor: str | None | UnsetType = UNSET


class PageProject(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[Project]
    next_cursor: str | None | UnsetType = UNSET


class PagePublishedVersion(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[PublishedVersion]
    next_cursor: str | None | UnsetType = UNSET


class PageRecordedEvent(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[RecordedEvent]
    next_cursor: str | None | UnsetType = UNSET


class PageSshKey(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[SshKey]
    next_cursor: str | None | UnsetType = UNSET


class PageUser(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[User]
    next_cursor: str | None | UnsetType = UNSET


class Plan(Answer, kw_only=True):
    """
    Everything a build will do, decided; ``hash`` covers all but ``id``, ``fit`` and the times.
    """

    id: str
    project_id: str
    cloud_id: str
    cluster_name: str
    blueprint: str
    blueprint_version: str
    blueprint_digest: str
    parameters: dict[str, Any]
    roles: list[PlanRole]
    elements: list[PlanElement]
    hash: str
    fit: Fit
    created_at: datetime
    blueprint_owner: (
        Annotated[
            str,
            Meta(description="The project whose own it is; null is the catalogue's, which everybody may use."),
        ]
        | None
        | UnsetType
    ) = UNSET
    whole: (
        Annotated[
            bool,
            Meta(
                description='Whether one template makes all machines at once, of every role.'
            ),
        ]
        | UnsetType
    ) = False
    checks: list[PlanCheck] | UnsetType = field(default_factory=list)


class StepView(Answer, kw_only=True):
    name: str
    title: str
    phase: str
    state: str
    attempts: int
    note: str | None
    reason: Reason | None
    started_at: datetime | None
    ended_at: datetime | None
    units: list[UnitView] | UnsetType = field(default_factory=list)


class Operation(Answer, kw_only=True):
    """
    Work that outlives a request. ``allowed`` says which of resume, cancel and undo can be asked for now.

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
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    seconds_left: float | None | UnsetType = UNSET


class PageOperation(Answer, kw_only=True):
    """
    One page of a list; ``next_cursor`` is null on the last one.
    """

    items: list[Operation]
    next_cursor: str | None | UnsetType = UNSET
