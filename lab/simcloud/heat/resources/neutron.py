"""What the resources of Neutron have in common."""

from lab.simcloud.errors import ApiError
from lab.simcloud.heat.errors import ResourceFailure
from lab.simcloud.heat.resources.resource import Work
from lab.simcloud.store import new_id


def planned_id(work: Work) -> str:
    """The id of the thing, chosen and kept before it is made, so that a restart makes no second one."""
    if work.record.physical_id is None:
        work.record.physical_id = new_id()
        work.save()
    return work.record.physical_id


def refused(error: ApiError) -> ResourceFailure:
    """A refusal of Neutron as the failure of a resource."""
    return ResourceFailure(error.kind or "NeutronClientException", error.message)
