"""What the routes of the blueprint service need."""

from dataclasses import dataclass

from services.blueprint.adapters.bounded import BoundedValidation
from services.blueprint.domain.own_publishing import OwnPublisher
from services.blueprint.domain.shelf import Shelf


@dataclass(frozen=True)
class Factory:
    """The blueprint service's singletons."""

    shelf: Shelf
    own: OwnPublisher
    validation: BoundedValidation
