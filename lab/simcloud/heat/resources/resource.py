"""What every resource type has: a schema of properties, and how the thing behind it is made and unmade."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from lab.simcloud.api.access import UNAUTHENTICATED
from lab.simcloud.caller import Caller
from lab.simcloud.config import CloudConfig
from lab.simcloud.glance.images import Images
from lab.simcloud.heat.errors import ResourceFailure
from lab.simcloud.heat.records import Stack, StackResource
from lab.simcloud.keystone.service import Identity
from lab.simcloud.neutron.networks import Networks
from lab.simcloud.nova.flavors import Flavors, Keypairs
from lab.simcloud.nova.servers import Servers


@dataclass(frozen=True)
class Services:
    """The cloud's other services, as Heat uses them."""

    config: CloudConfig
    servers: Servers
    flavors: Flavors
    keypairs: Keypairs
    images: Images
    networks: Networks
    identity: Identity


@dataclass(frozen=True)
class Property:
    """One property. kind: string, integer, number, boolean, map, list or any.

    updatable: whether a new value changes the thing in place (else it is replaced).
    constraint: a custom constraint such as `nova.flavor`. allowed: the only values.
    """

    kind: str = "string"
    required: bool = False
    default: Any = None
    updatable: bool = False
    constraint: str | None = None
    allowed: tuple[str, ...] = ()


@dataclass
class Work:
    """One resource that is being worked on: its record, its resolved properties, and what it may call.

    save: writes the record back. taken: tells whether the token that it is worked on with is still good.
    """

    services: Services
    caller: Caller
    stack: Stack
    record: StackResource
    properties: dict[str, Any]
    save: Callable[[], None]
    nested: "NestedStacks"
    previous: dict[str, Any] = field(default_factory=dict)
    taken: Callable[[], bool] = lambda: True

    def require_log_in(self) -> None:
        """Raises ResourceFailure, as when a service that Heat asks refuses the token."""
        if not self.taken():
            raise ResourceFailure("Unauthorized", f"{UNAUTHENTICATED} (HTTP 401) (Request-ID: req-{uuid4()})")


class NestedStacks(ABC):
    """What resources that are stacks themselves need of the engine."""

    @abstractmethod
    def get(self, stack_id: str) -> Stack | None:
        """The nested stack."""

    @abstractmethod
    def ensure(self, work: Work, template: dict[str, Any], parameters: dict[str, Any]) -> Awaitable[None]:
        """Makes or changes the nested stack of a resource and waits for its end; raises ResourceFailure."""

    @abstractmethod
    def remove(self, stack_id: str) -> Awaitable[None]:
        """Deletes a nested stack and waits for its end; raises ResourceFailure."""

    @abstractmethod
    def member_attribute(self, stack_id: str, member: str, path: list[Any]) -> Any:
        """An attribute of a resource of a nested stack."""

    @abstractmethod
    def members(self, stack_id: str) -> dict[str, Any]:
        """References of the resources of a nested stack by name."""

    @abstractmethod
    def names(self, stack_id: str) -> list[str]:
        """Names of the resources of a nested stack, in the order of their numbers."""

    @abstractmethod
    def output(self, stack_id: str, name: str) -> Any:
        """The value of one output of a nested stack, or None."""


class ResourceType(ABC):
    """One type of resource."""

    name: ClassVar[str]
    properties: ClassVar[Mapping[str, Property]] = {}
    attributes: ClassVar[tuple[str, ...]] = ()
    any_attribute: ClassVar[bool] = False

    @abstractmethod
    async def create(self, work: Work) -> None:
        """Makes the thing and waits until it is there. Called again after a restart, so it goes on where it was."""

    async def update(self, work: Work) -> None:
        """Changes the thing in place; only updatable properties differ from `work.previous`. Most have none."""
        raise NotImplementedError(f"{self.name} has no property that may change in place")

    @abstractmethod
    async def delete(self, work: Work) -> None:
        """Removes the thing, if it is there, and waits until it is gone."""

    def is_of_use(self, work: Work) -> bool:
        """Tell whether a thing whose making failed may stay all the same; most may not."""
        return False

    def prepare_for_replace(self, work: Work) -> None:  # noqa: B027
        """Lets go of what the replacement will need; the thing itself is deleted after that was made."""

    def attribute(self, work: Work, name: str) -> Any:
        """The value of one attribute of a thing that exists."""
        return None

    def reference(self, record: StackResource) -> Any:
        """What get_resource gives."""
        return record.physical_id
