"""Names and tags of stacks: made from the cluster, so that the same group always has the same name."""

from services.cluster.domain.machine_group import GroupSpec

TAG = "cloudpoint"
_UNIQUE_CHARACTERS = 10


def stack_name(cluster_name: str, cluster_id: str, key: str) -> str:
    """Return the one name of a cluster's group: readable first, unique by the end of the cluster's id."""
    return f"{cluster_name}-{key}-{cluster_id[-_UNIQUE_CHARACTERS:]}"


def tag_of(cluster_id: str) -> str:
    """Return the tag by which a stack is known to belong to a cluster."""
    return cluster_id


def stack_tags(spec: GroupSpec) -> str:
    """Return the tags of a stack, in Heat's form: the platform, the cluster, and the operation with its fence."""
    return ",".join((TAG, tag_of(spec.cluster_id), *(f"{key}={value}" for key, value in sorted(spec.marks.items()))))
