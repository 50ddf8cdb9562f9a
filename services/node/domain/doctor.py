"""The checks of a cloud's Ironic: which there are, and what their answers mean."""

from collections.abc import Iterable

from services.chassis.cloud.checking import Check, Verdict, failed, good, listed, warning
from services.contracts.node import Node
from services.node.adapters.ironic_probe import Enrolled, IronicProbe, Machinery, Token
from services.node.domain.health import complaint_of

_API = "Ironic"
# Ironic's states in which a node serves, or can at once.
_OF_USE = ("available", "deploying", "wait call-back", "active", "deleting", "cleaning", "clean wait")
# On the way from enrolment to `available`.
_COMING = ("enroll", "verifying", "manageable", "inspecting", "inspect wait", "inspect failed", "adopting")


class Doctor:
    """Looks once at one cloud's Ironic; later checks judge what `ironic-nodes` has read."""

    def __init__(self, probe: IronicProbe) -> None:
        self._probe = probe
        self._enrolled = Enrolled([], {}, frozenset())

    def checks(self) -> list[Check]:
        """Return all checks, in the order in which what they find is best mended."""
        nodes = ("ironic-nodes",)
        return [
            Check("ironic-credential", "Keystone", self._credential),
            Check("ironic-conductors", _API, self._conductors, ("ironic-credential",)),
            Check("ironic-nodes", _API, self._nodes, ("ironic-credential",)),
            Check("node-drivers", _API, self._drivers, nodes),
            Check("node-classes", _API, self._classes, nodes),
            Check("node-ports", _API, self._ports, nodes),
            Check("node-power", _API, self._power, nodes),
            Check("node-health", _API, self._health, nodes),
        ]

    async def _credential(self) -> Verdict:
        return judge_token(await self._probe.token())

    async def _conductors(self) -> Verdict:
        return judge_conductors(await self._probe.machinery())

    async def _nodes(self) -> Verdict:
        self._enrolled = await self._probe.enrolled()
        return judge_nodes(self._enrolled.nodes)

    async def _drivers(self) -> Verdict:
        return judge_drivers(self._enrolled, (await self._probe.machinery()).drivers)

    async def _classes(self) -> Verdict:
        return judge_classes(self._enrolled.nodes)

    async def _ports(self) -> Verdict:
        return judge_ports(self._enrolled)

    async def _power(self) -> Verdict:
        return judge_power(self._enrolled.nodes)

    async def _health(self) -> Verdict:
        return judge_health(self._enrolled.nodes)


def judge_token(token: Token) -> Verdict:
    """With a project's scope Ironic shows only nodes that the project owns or leases."""
    roles = f"roles: {', '.join(token.roles)}"
    if token.system_scoped and {"admin", "member"} & set(token.roles):
        return good("The log-in has system scope, and may switch nodes and take them out of service.", roles)
    if token.system_scoped:
        mend = "openstack role add --user USER --system all member"
        return warning("The log-in may see nodes, but neither switch them nor take them out of service.", mend, roles)
    mend = "openstack role add --user USER --system all member, and auth: {…, system_scope: all} in the configuration."
    sentence = "The log-in has no system scope: it sees only nodes that its project owns or leases."
    # Ironic can be told to trust this role with all nodes (rbac_service_role_elevated_access).
    return (warning if "service" in token.roles else failed)(sentence, mend, roles)


def judge_conductors(machinery: Machinery) -> Verdict:
    """A conductor that is down takes the nodes along that it looks after."""
    dead = [name for name, alive in machinery.conductors.items() if not alive]
    if len(dead) == len(machinery.conductors):
        return failed("No conductor of Ironic is alive.", "Start ironic-conductor, see its log.", listed(dead))
    if dead:
        mend = "Start them, or remove them: openstack baremetal conductor list."
        return warning(f"These conductors are not alive: {listed(dead)}.", mend)
    return good(f"All conductors are alive: {listed(machinery.conductors)}.", f"drivers: {listed(machinery.drivers)}")


def judge_nodes(nodes: list[Node]) -> Verdict:
    """Nodes become machines for clusters when they are `available`."""
    if not nodes:
        return failed("There are no nodes.", "Enrol machines: openstack baremetal node create …, manage, provide.")
    useful = [node for node in nodes if node.state in _OF_USE]
    coming = [node.name for node in nodes if node.state in _COMING]
    if not useful:
        mend = "Lead them on: openstack baremetal node manage NODE, then provide NODE."
        return failed(f"None of {len(nodes)} nodes can be used: {listed(coming)} are not provided yet.", mend)
    if coming:
        mend = "Lead them on: openstack baremetal node manage NODE, then provide NODE."
        return warning(f"{len(coming)} of {len(nodes)} nodes are not provided yet: {listed(coming)}.", mend)
    return good(f"{len(nodes)} nodes, {sum(node.state == 'available' for node in nodes)} of them available.")


def judge_drivers(enrolled: Enrolled, enabled: frozenset[str]) -> Verdict:
    """A node whose driver no conductor has is managed by nobody."""
    missing = {driver for driver in enrolled.drivers.values() if driver not in enabled}
    names = [node.name for node in enrolled.nodes if enrolled.drivers.get(node.cloud_node_id) in missing]
    mend = f"Add {listed(missing)} to enabled_hardware_types of ironic.conf and restart the conductors."
    words = "have a driver that no conductor has enabled"
    return _of(names, enrolled.nodes, words, mend) or good(f"All drivers are enabled: {listed(enabled)}.")


def judge_classes(nodes: list[Node]) -> Verdict:
    """Nova gives a node out only by its resource class."""
    names = [node.name for node in nodes if not node.resource_class]
    classes = {node.resource_class for node in nodes if node.resource_class}
    mend = "openstack baremetal node set NODE --resource-class CLASS"
    bad = _of(names, nodes, "have no resource class, so that no flavor leads to them", mend)
    return bad or good(f"All nodes have a resource class: {listed(classes)}.")


def judge_ports(enrolled: Enrolled) -> Verdict:
    """A server's network is bound to a port of its node."""
    names = [node.name for node in enrolled.nodes if node.cloud_node_id not in enrolled.with_port]
    mend = "openstack baremetal port create --node NODE MAC"
    bad = _of(names, enrolled.nodes, "have no port, so that a server there gets no network", mend)
    return bad or good("All nodes have a port.")


def judge_power(nodes: list[Node]) -> Verdict:
    """Nova's driver offers no node whose power state is unknown."""
    names = [node.name for node in nodes if node.state == "available" and not node.power]
    mend = "openstack baremetal node power off NODE; if it stays so, mend address and password of its BMC."
    bad = _of(names, nodes, "are in an unknown power state, so that Nova does not offer them", mend)
    return bad or good("The power state of all available nodes is known.")


def judge_health(nodes: list[Node]) -> Verdict:
    """Every node that something is wrong with takes a machine away."""
    wrong = [(node.name, said) for node in nodes if (said := complaint_of(node))]
    mend = "See docs/runbooks/machines-failed.md; then: openstack baremetal node maintenance unset NODE."
    evidence = "\n".join(said for _, said in wrong)
    bad = _of([name for name, _ in wrong], nodes, "are in maintenance or failed", mend, evidence)
    return bad or good("No node is in maintenance or has failed.")


def _of(names: Iterable[str], nodes: list[Node], words: str, mend: str, evidence: str | None = None) -> Verdict | None:
    """Return what it means that the named nodes have a fault: a warning, or a failure if no other is left."""
    found = list(names)
    if not found:
        return None
    sentence = f"{len(found)} of {len(nodes)} nodes {words}: {listed(found)}."
    return failed(sentence, mend, evidence) if len(found) == len(nodes) else warning(sentence, mend, evidence)
