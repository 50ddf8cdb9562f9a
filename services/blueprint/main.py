"""The blueprint service: the catalogue, and what projects publish as their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from services.blueprint.adapters.bounded import BoundedValidation
from services.blueprint.adapters.organisations import Organisations
from services.blueprint.config import Settings
from services.blueprint.domain.own_publishing import OwnPublisher
from services.blueprint.domain.publishing import Publisher
from services.blueprint.domain.shelf import Shelf
from services.blueprint.factory import Factory
from services.blueprint.routes import archives, blueprints, elements, versions
from services.blueprint.schema import SCHEMA
from services.chassis.context import Process
from services.chassis.log import get_logger
from services.chassis.service import Service

log = get_logger("blueprint.catalogue")


@asynccontextmanager
async def open_context(process: Process) -> AsyncIterator[Factory]:
    """Publish what is in the catalogue's folders, and be unready while something there can't be published."""
    catalogue = cast(Settings, process.settings).catalogue
    publisher = Publisher(Path(catalogue.blueprints), Path(catalogue.elements))
    async with process.database.unscoped() as tx:
        await publisher.publish(tx)
    for complaint in publisher.complaints:
        log.error("catalogue.refused", complaint=complaint)

    async def check() -> str | None:
        return "; ".join(publisher.complaints) or None

    process.checks["catalogue"] = check
    organisations = Organisations(process, process.database)
    shelf = Shelf(process.database, organisations)
    validation = BoundedValidation()
    try:
        own = OwnPublisher(process.database, publisher, shelf, organisations, validation)
        yield Factory(shelf, own, validation)
    finally:
        await validation.close()


SERVICE = Service(
    name="blueprint",
    summary="Blueprints and elements as immutable versions",
    settings=Settings,
    tables=(archives.routes, blueprints.routes, elements.routes, versions.routes),
    context=open_context,
    schema=SCHEMA,
)
