"""What a cloud shows, judged: does it do for builds, and what is to be mended."""

from datetime import datetime, timedelta

from services.chassis.cloud.checking import Verdict, failed, good, listed, warning
from services.cluster.adapters.catalogue import Need
from services.cluster.adapters.heat.probe import Refusal
from services.cluster.domain.cloud_facts import Flavor, Image, Network, Quota, custom_class
from services.contracts.node import Capacity

_OLD = timedelta(seconds=60)
# A cluster has a head and one more machine at least.
_SMALLEST = 2


def judge_capacity(machines: list[Capacity], taken_at: datetime, now: datetime) -> Verdict:
    """Plans are made with what the node service has seen last."""
    age = now - taken_at
    if not machines:
        return failed("The node service knows no machines of this cloud.", "See the checks of node.")
    if age > _OLD:
        mend = "Start the node service's work process; see its log and the checks of node."
        return failed(f"The node service has not seen the machines for {age.total_seconds():.0f} s.", mend)
    counts = listed(f"{item.free} of {item.total} of class {item.resource_class}" for item in machines)
    return good(f"Free machines: {counts}.")


def judge_flavors(flavors: list[Flavor], machines: list[Capacity]) -> Verdict:
    """A flavor leads to a class of machines by one custom resource, and asks for nothing that a machine has not."""
    metal = [flavor for flavor in flavors if flavor.classes]
    there = {custom_class(item.resource_class) for item in machines}
    make = "openstack flavor set FLAVOR --property resources:CUSTOM_<CLASS>=1"
    zero = f"{make} --property resources:VCPU=0 --property resources:MEMORY_MB=0 --property resources:DISK_GB=0"
    good_ones = [flavor for flavor in metal if not _fault(flavor, there)]
    evidence = "\n".join(f"{flavor.name}: {fault}" for flavor in metal if (fault := _fault(flavor, there)))
    if not good_ones:
        names = listed(flavor.name for flavor in flavors) or "none"
        sentence = f"No flavor leads to a machine (classes: {listed(there)}; flavors seen: {names})."
        return failed(sentence, zero, evidence)
    unreached = there - {name for flavor in good_ones for name in flavor.classes}
    if unreached:
        return warning(f"No flavor leads to the machines of {listed(unreached)}.", zero, evidence)
    if evidence:
        return warning("Some bare-metal flavors lead nowhere.", zero, evidence)
    return good(f"Each class of machines has a flavor: {listed(flavor.name for flavor in good_ones)}.")


def judge_needs(needs: set[Need], flavors: list[Flavor]) -> Verdict:
    """A blueprint names its flavors; ``flavors`` are those that lead to machines."""
    classes = {name: set(flavor.classes) for flavor in flavors for name in (flavor.name, flavor.id)}
    lacking = [need for need in needs if custom_class(need.resource_class) not in classes.get(need.flavor, ())]
    if not lacking:
        return good(f"What blueprints ask for is there: {listed({need.flavor for need in needs}) or 'nothing yet'}.")
    names = {need.blueprint for need in lacking}
    sentence = f"No cluster can be built here from {listed(names)}."
    wanted = {f"{need.blueprint} asks for flavor {need.flavor} of class {need.resource_class}" for need in lacking}
    mend = "Make these flavors, and machines of these classes; or name other flavors in the blueprints."
    all_lack = names == {need.blueprint for need in needs}
    return (failed if all_lack else warning)(sentence, mend, "\n".join(sorted(wanted)))


def usable(flavors: list[Flavor], machines: list[Capacity]) -> list[Flavor]:
    """Return the flavors that lead to a class of machines."""
    there = {custom_class(item.resource_class) for item in machines}
    return [flavor for flavor in flavors if flavor.classes and not _fault(flavor, there)]


def _fault(flavor: Flavor, there: set[str]) -> str | None:
    if len(flavor.classes) > 1 or set(flavor.classes.values()) != {"1"}:
        return f"asks for {flavor.classes}, not for one of one class"
    if not set(flavor.classes) & there:
        return f"no machine is of class {listed(flavor.classes)}"
    if flavor.not_zeroed:
        return f"asks for {listed(flavor.not_zeroed)} too, which no bare-metal machine offers"
    return None


def judge_image(named: str, images: list[Image]) -> Verdict:
    """Ironic boots a whole-disk image, a kernel with its ramdisk, or, with the ramdisk deploy interface, an ISO."""
    see = "openstack image list; then name it in `image` of the cluster service's configuration."
    if not images:
        mend = f"{see} A project sees it if it is public: openstack image set --public IMAGE."
        return failed(f"The project sees no image {named}.", mend)
    if len(images) > 1:
        evidence = "\n".join(image.id for image in images)
        return failed(f"{len(images)} images have the name {named}.", f"Name it by its id. {see}", evidence)
    image = images[0]
    if image.status != "active":
        return failed(f"The image {named} is {image.status}.", "Upload it anew: openstack image create --file FILE …")
    if fault := _boot_fault(image):
        return failed(f"The image {named} {fault[0]}.", fault[1])
    return good(f"The project sees the image {named}, which is active.", f"format: {image.disk_format}")


def _boot_fault(image: Image) -> tuple[str, str] | None:
    given = image.properties
    half = ("kernel_id" in given) != ("ramdisk_id" in given)
    if half:
        return (
            "names a kernel or a ramdisk, not both",
            "openstack image set --property kernel_id=… --property ramdisk_id=…",
        )
    ramdisk = given.get("ironic_ramdisk_deploy", "").lower() == "true" or "boot_iso_id" in given
    if image.disk_format == "iso" and not ramdisk:
        return (
            "is an ISO that no deploy interface would boot",
            "openstack image set --property ironic_ramdisk_deploy=true",
        )
    if image.disk_format not in ("raw", "qcow2", "iso", "ami"):
        return f"has the format {image.disk_format}, which Ironic does not write", "qemu-img convert -O qcow2 …"
    return None


def judge_network(named: str, networks: list[Network], machines: list[Capacity]) -> Verdict:
    """Every machine gets a port with an IPv4 address on it."""
    see = "openstack network list; then name it in `network` of the cluster service's configuration."
    if not networks:
        mend = f"{see} A project sees it if it is shared: openstack network set --share NETWORK."
        return failed(f"The project sees no network {named}.", mend)
    if len(networks) > 1:
        evidence = "\n".join(network.id for network in networks)
        return failed(f"{len(networks)} networks have the name {named}.", f"Name it by its id. {see}", evidence)
    network = networks[0]
    if not network.is_up or network.status != "ACTIVE":
        return failed(f"The network {named} is {network.status} or down.", f"openstack network set --enable {named}")
    if not network.pools:
        mend = f"openstack subnet create --network {named} --subnet-range CIDR --allocation-pool start=…,end=… NAME"
        return failed(f"The network {named} has no IPv4 subnet with addresses for machines.", mend)
    total = sum(item.total for item in machines)
    if network.size < total:
        mend = "openstack subnet set --allocation-pool start=…,end=… SUBNET"
        return warning(f"The network {named} has {network.size} addresses for {total} machines.", mend)
    return good(f"The project sees the network {named}, with {network.size} addresses.")


def judge_addresses(network: Network, in_use: list[str], machines: list[Capacity]) -> Verdict:
    """Ports of all projects draw from the same pools."""
    used = sum(any(pool.holds(address) for pool in network.pools) for address in in_use)
    left, free = network.size - used, sum(item.free for item in machines)
    mend = "Widen the pool (openstack subnet set --allocation-pool …), or remove ports that nobody needs."
    return _fits(left, free, f"{left} of {network.size} addresses are free for {free} free machines.", mend)


def judge_compute_quota(quotas: dict[str, Quota], flavors: list[Flavor], machines: list[Capacity]) -> Verdict:
    """Nova counts a flavor's cores and memory, also of bare metal."""
    largest = {"instances": 1, "cores": max(f.vcpus for f in flavors), "ram": max(f.ram for f in flavors)}
    room, scarce = min((quotas[name].room(each), name) for name, each in largest.items())
    free = sum(item.free for item in machines)
    evidence = "\n".join(f"{name}: {quota.used} of {quota.limit} used" for name, quota in quotas.items())
    if room >= free:
        return good(f"The project's quota has room for all free machines ({free}).", evidence)
    mend = f"openstack quota set --{scarce} N PROJECT; for all projects to come: quota.{scarce} of nova.conf."
    sentence = f"The project's quota of {scarce} has room for {room:.0f} of {free} free machines."
    return _fits(room, free, sentence, mend, evidence)


def judge_port_quota(quota: Quota, machines: list[Capacity]) -> Verdict:
    """Each machine takes one port."""
    room, free = quota.room(1), sum(item.free for item in machines)
    mend = "openstack quota set --ports N PROJECT; for all projects to come: quota_port of neutron.conf."
    words = "any number" if quota.limit < 0 else f"{room:.0f}"
    return _fits(room, free, f"The project's quota has room for {words} of ports, for {free} free machines.", mend)


def judge_batch(refusal: Refusal | None, machines: int) -> Verdict:
    """Heat's limits can't be read; that it would refuse a batch shows them."""
    if refusal is None:
        return good(f"Heat would take a batch of {machines} machines.")
    if refusal.limits:
        mend = f"Raise {listed(refusal.limits)} of heat.conf, or lower batch_size of the cluster service."
        return failed(f"Heat's limits are too low for a batch of {machines} machines.", mend, refusal.words)
    mend = "See what Heat says; it looks with the project's own rights."
    return failed(f"Heat would refuse a batch of {machines} machines.", mend, refusal.words)


def judge_compute_services(services: dict[str, str]) -> Verdict:
    """Without `nova-compute` a server waits for ever, and nobody says so."""
    ill = [f"{host} ({state})" for host, state in services.items() if state != "up"]
    mend = "Start nova-compute, see its log; openstack compute service list."
    if len(ill) == len(services):
        return failed(f"No nova-compute is up: {listed(ill) or 'there is none'}.", mend)
    if ill:
        return warning(f"{len(ill)} of {len(services)} nova-compute are not up: {listed(ill)}.", mend)
    return good(f"nova-compute is up: {listed(services)}.")


def judge_placement(offered: dict[str, int | None], machines: list[Capacity]) -> Verdict:
    """What is free in Ironic must be on offer in Placement, else Nova says `No valid host was found`."""
    lines, worst = [], "ok"
    for item in machines:
        there = offered.get(custom_class(item.resource_class))
        lines.append(f"{item.resource_class}: {item.free} free in Ironic, {there or 0} on offer in Placement")
        if item.free and not there:
            worst = "failed"
        elif there is not None and there < item.free and worst == "ok":
            worst = "warning"
    mend = "See nova-compute's log (driver ironic.IronicDriver); then: nova-manage cell_v2 discover_hosts --by-service."
    evidence = "\n".join(lines)
    if worst == "failed":
        return failed("Placement offers none of the free machines of a class.", mend, evidence)
    if worst == "warning":
        return warning("Placement does not offer all free machines, or not yet.", mend, evidence)
    return good("Placement offers what is free in Ironic.", evidence)


def _fits(room: float, free: int, sentence: str, mend: str, evidence: str | None = None) -> Verdict:
    """Return what it means that there is ``room`` for so many of the ``free`` machines."""
    if room < min(_SMALLEST, free):
        return failed(sentence, mend, evidence)
    return warning(sentence, mend, evidence) if room < free else good(sentence, evidence)


def judge_operator(roles: tuple[str, ...]) -> Verdict:
    """Placement's and Nova's policies want `admin`; Placement's alone also `service`."""
    said = f"roles: {', '.join(roles)}"
    if "admin" in roles:
        return good("The operator's log-in has the role admin.", said)
    mend = "openstack role add --user USER --project PROJECT admin"
    return failed("The operator's log-in may not read Placement and Nova's services.", mend, said)
