"""What can go wrong with a cluster, as its callers see it."""

from services.chassis.errors import Conflict, InvalidRequest, Problem


class NameTaken(Conflict):
    slug = "name-taken"
    title = "The name is in use"
    hint = "Choose another name, or delete the cluster that has it."


class ClusterLocked(Conflict):
    slug = "cluster-locked"
    title = "The cluster is locked"
    hint = "Unlock it first: cloudpoint cluster unlock <name>."


class ClusterGoing(Conflict):
    slug = "cluster-going"
    title = "The cluster is being taken back"


class OperationUnderWay(Conflict):
    slug = "operation-under-way"
    title = "Another operation is under way"
    hint = "Wait for it, or cancel it."


class DoesNotFit(Conflict):
    slug = "does-not-fit"
    title = "There are not enough free machines"
    hint = "Ask for fewer, or wait until machines are given back: cloudpoint plan shows what is free."


class InvalidParameters(InvalidRequest):
    slug = "invalid-parameters"
    title = "The blueprint's parameters are not valid"


class UnknownCloud(InvalidRequest):
    slug = "unknown-cloud"
    title = "There is no such cloud"


class UnknownBlueprint(InvalidRequest):
    slug = "unknown-blueprint"
    title = "There is no such blueprint"


class PlanMismatch(Conflict):
    slug = "plan-mismatch"
    title = "The plan is for something else"


class EndInThePast(InvalidRequest):
    slug = "end-in-the-past"
    title = "The cluster would have ended already"


class HostNotReachable(Conflict):
    slug = "host-not-reachable"
    title = "The host can't be reached yet"


class NothingToExport(Conflict):
    slug = "nothing-to-export"
    title = "The cluster can't be exported"


class UnreadableArchive(Problem):
    slug = "unreadable-archive"
    status = 502
    title = "Files of the catalogue can't be read"
