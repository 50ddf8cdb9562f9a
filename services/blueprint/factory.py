"""What the routes of the blueprint service need."""

from dataclasses import dataclass

from services.blueprint.adapters.bounded import BoundedValidation
from services.blueprint.domain.publishing import Publisher
from services.chassis.db import Database


@dataclass(frozen=True)
class Factory:
    """The blueprint service's singletons."""

    db: Database
    publisher: Publisher
    validation: BoundedValidation
