"""The one dictionary of what may be done, by whom, and through which service.

Documentation, OpenAPI, the operators' pages and the test matrix are made from it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Permission:
    """``service`` answers for it; ``sentence`` says what it allows; ``inside`` marks those that no role holds.

    An inside permission comes only with a mandate, for one operation.
    """

    service: str
    sentence: str
    inside: bool = False


PERMISSIONS: dict[str, Permission] = {
    "account.read": Permission("identity", "See one's own account, projects and keys."),
    "account.self": Permission("identity", "Manage one's own account: SSH keys, API tokens, sessions."),
    "project.read": Permission("identity", "See a project and its members."),
    "project.manage": Permission("identity", "Change a project and who belongs to it."),
    "project.create": Permission("identity", "Create organisations and projects."),
    "user.manage": Permission("identity", "Create, suspend and restore people."),
    "binding.read": Permission("authz", "See who holds which role, and why a request was refused."),
    "audit.read": Permission("authz", "Read the audit record."),
    "blueprint.read": Permission("blueprint", "See blueprints and elements, validate them, get their forms."),
    "blueprint.publish": Permission(
        "blueprint", "Publish a project's own blueprints and elements, and share them within its organisation."
    ),
    "capacity.read": Permission("node", "See how many machines of which class are free."),
    "plan.create": Permission("cluster", "Make a plan for a cluster."),
    "plan.read": Permission("cluster", "See plans."),
    "cluster.create": Permission("cluster", "Create clusters."),
    "cluster.read": Permission("cluster", "See clusters, their hosts and how to connect."),
    "cluster.update": Permission("cluster", "Lock, unlock and set the expiry of clusters."),
    "cluster.delete": Permission("cluster", "Delete clusters."),
    "cluster.connect": Permission("cluster", "Open connections to the hosts of a cluster."),
    "cluster.export": Permission("cluster", "Export a cluster as plain HOT and Ansible."),
    "operation.read": Permission("cluster", "See operations, their steps and logs."),
    "operation.control": Permission("cluster", "Resume, cancel and undo operations."),
    "event.read": Permission("events", "See what happened, and follow it live."),
    "node.read": Permission("node", "See all machines, their state and inventory."),
    "node.power": Permission("node", "Switch machines on and off."),
    "node.maintain": Permission("node", "Take machines into and out of maintenance."),
    "cloud.check-identity": Permission("identity", "Have a cloud's Keystone checked: log-in, clock, catalogue, roles."),
    "cloud.check-cluster": Permission(
        "cluster", "See the clouds, and have one checked as a project sees it: image, network, flavors, quotas."
    ),
    "cloud.check-node": Permission("node", "Have a cloud's Ironic checked: its drivers and machines."),
    "node.hold": Permission("node", "Hold capacity for one cluster and give it back.", inside=True),
    "cloud.credential": Permission("identity", "Use the cloud credential of a project.", inside=True),
    "authority.use": Permission(
        "secrets", "Make, read and remove the secrets and SSH authority of one cluster.", inside=True
    ),
    "authority.sign": Permission(
        "secrets", "Have SSH certificates signed for the hosts of one run, and read the secrets it needs.", inside=True
    ),
    "run.control": Permission(
        "runner", "Start, watch and cancel runs of elements on the hosts of one cluster.", inside=True
    ),
    "host.connect": Permission("relay", "Reach the hosts of one cluster.", inside=True),
}


@dataclass(frozen=True)
class Role:
    """``platform`` roles hold everywhere, the others on one project."""

    sentence: str
    permissions: frozenset[str]
    platform: bool = False


_VIEWER = frozenset(
    {"project.read", "blueprint.read", "capacity.read", "plan.read", "cluster.read", "operation.read", "event.read"}
)
_MEMBER = _VIEWER | {
    "blueprint.publish",
    "plan.create",
    "cluster.create",
    "cluster.update",
    "cluster.delete",
    "cluster.connect",
    "cluster.export",
    "operation.control",
}
_MANAGER = _MEMBER | {"project.manage"}
_OPERATOR = frozenset(
    {
        "project.read",
        "blueprint.read",
        "capacity.read",
        "plan.read",
        "cluster.read",
        "operation.read",
        "operation.control",
        "event.read",
        "node.read",
        "node.power",
        "node.maintain",
        "binding.read",
        "cloud.check-identity",
        "cloud.check-cluster",
        "cloud.check-node",
    }
)

ROLES: dict[str, Role] = {
    "viewer": Role("Sees everything in a project.", _VIEWER),
    "member": Role("Builds and runs clusters in a project.", _MEMBER),
    "manager": Role("A member who also decides who belongs to the project.", _MANAGER),
    "operator": Role("Runs the floor: machines of all clouds, clusters of all projects.", _OPERATOR, platform=True),
    "admin": Role(
        "An operator who also creates projects and people and reads the audit record.",
        _OPERATOR | {"project.create", "project.manage", "user.manage", "audit.read"},
        platform=True,
    ),
}

EVERYBODY = frozenset({"account.read", "account.self"})
"""What any person who is logged in may do, on no project in particular."""

NARROWED = frozenset({"account.read"})
"""What is left of it for an API token that is limited to a role or to projects, so that it can't make a wider one."""


@dataclass(frozen=True)
class MandateKind:
    """Work of one service that outlives its request.

    The subject must hold ``requires`` on the project; the mandate then grants ``grants`` there, no more, for at most
    ``longest_seconds``. ``ends_with_subject``: suspending the subject ends it, instead of letting it pause.
    """

    service: str
    requires: str
    grants: frozenset[str]
    longest_seconds: int
    sentence: str
    ends_with_subject: bool = False


_BUILD = frozenset(
    {
        "blueprint.read",
        "capacity.read",
        "node.hold",
        "cloud.credential",
        "authority.use",
        "authority.sign",
        "run.control",
        "host.connect",
    }
)

MANDATES: dict[str, MandateKind] = {
    "cluster.build": MandateKind("cluster", "cluster.create", _BUILD, 7 * 86400, "Build one cluster."),
    "cluster.delete": MandateKind("cluster", "cluster.delete", _BUILD, 7 * 86400, "Delete one cluster."),
    "cluster.connect": MandateKind(
        "cluster",
        "cluster.connect",
        frozenset({"host.connect"}),
        12 * 3600,
        "Carry a person's connection to a host.",
        ends_with_subject=True,
    ),
    "runner.run": MandateKind(
        "runner",
        "run.control",
        frozenset({"host.connect", "authority.sign", "blueprint.read"}),
        86400,
        "Run elements on the hosts of one cluster.",
    ),
}


@dataclass(frozen=True)
class StandingMandate:
    """Work of no person, by a reconciler: what it may do on every project."""

    service: str
    grants: frozenset[str]
    sentence: str


STANDING: dict[str, StandingMandate] = {
    "cluster.expiry": StandingMandate("cluster", _BUILD, "Delete clusters whose time has run out."),
    "cluster.orphans": StandingMandate("cluster", _BUILD, "Remove what no cluster owns any more."),
    "cluster.drift": StandingMandate(
        "cluster",
        frozenset({"cloud.credential", "capacity.read", "host.connect"}),
        "Compare clusters with their cloud.",
    ),
    "cluster.doctor": StandingMandate(
        "cluster",
        frozenset({"cloud.credential", "capacity.read", "blueprint.read"}),
        "Look at a cloud with the credential of a project that an operator names, and change nothing.",
    ),
}


@dataclass(frozen=True)
class ServiceGrant:
    """What a service may do at another in its own name, without a person (pass with subject ``svc:<name>``)."""

    grants: frozenset[str]
    sentence: str


SERVICE_GRANTS: dict[str, ServiceGrant] = {
    "blueprint": ServiceGrant(frozenset(), "Asks which organisation a project belongs to."),
    "gateway": ServiceGrant(frozenset(), "Carries people's requests; does nothing in its own name."),
}

MAY_CALL: dict[str, frozenset[str]] = {
    "gateway": frozenset({"authz", "identity", "blueprint", "cluster", "node", "events"}),
    "identity": frozenset({"authz", "secrets"}),
    "secrets": frozenset({"authz"}),
    "blueprint": frozenset({"authz", "identity"}),
    "cluster": frozenset({"authz", "identity", "blueprint", "node", "runner", "relay", "secrets"}),
    "node": frozenset({"authz"}),
    "runner": frozenset({"authz", "relay", "secrets", "blueprint"}),
    "relay": frozenset({"authz"}),
    "events": frozenset({"authz"}),
}
"""Which service may have a pass for which audience; all else is refused by authz."""
