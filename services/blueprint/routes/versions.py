"""Versions: which there are, what is in their folders, and what differs between two of them."""

import asyncio
from typing import Any

from services.blueprint.domain.difference import difference, texts_of
from services.blueprint.domain.versions import version_key
from services.blueprint.factory import Factory
from services.blueprint.routes.choice import ChooseTwo, ChooseVersion, Whose, wanted
from services.blueprint.storage.kinds import BLUEPRINT, ELEMENT, Kind
from services.chassis.routing import Call, Exposure, Page, RouteTable
from services.contracts.blueprint import Difference, FolderFiles, PublishedVersion

routes = RouteTable("versions")


@routes.get("/v1/blueprints/{name}/versions", Exposure.PUBLIC, "blueprint.read", "List a blueprint's versions")
async def list_blueprint_versions(call: Call[Factory, None, Whose]) -> Page[PublishedVersion]:
    """List all versions of one blueprint, the highest first."""
    return await _versions(call, BLUEPRINT)


@routes.get("/v1/blueprints/{name}/files", Exposure.PUBLIC, "blueprint.read", "Read a blueprint's folder")
async def read_blueprint_files(call: Call[Factory, None, ChooseVersion]) -> FolderFiles:
    """Return the folder of a version as it was published: where one of your own can begin."""
    return await _files(call, BLUEPRINT)


@routes.get("/v1/blueprints/{name}/difference", Exposure.PUBLIC, "blueprint.read", "Compare a blueprint's versions")
async def compare_blueprint_versions(call: Call[Factory, None, ChooseTwo]) -> Difference:
    """Return what differs between two versions, file by file and in the parameters."""
    return await _difference(call, BLUEPRINT)


@routes.get("/v1/elements/{name}/versions", Exposure.PUBLIC, "blueprint.read", "List an element's versions")
async def list_element_versions(call: Call[Factory, None, Whose]) -> Page[PublishedVersion]:
    """List all versions of one element, the highest first."""
    return await _versions(call, ELEMENT)


@routes.get("/v1/elements/{name}/files", Exposure.PUBLIC, "blueprint.read", "Read an element's folder")
async def read_element_files(call: Call[Factory, None, ChooseVersion]) -> FolderFiles:
    """Return the folder of a version as it was published."""
    return await _files(call, ELEMENT)


@routes.get("/v1/elements/{name}/difference", Exposure.PUBLIC, "blueprint.read", "Compare an element's versions")
async def compare_element_versions(call: Call[Factory, None, ChooseTwo]) -> Difference:
    """Return what differs between two versions, file by file and in the parameters."""
    return await _difference(call, ELEMENT)


async def _versions(call: Call[Factory, None, Whose], kind: Kind[Any]) -> Page[PublishedVersion]:
    found = await call.context.shelf.versions(kind, call.caller, wanted(call))
    found.sort(key=lambda head: version_key(head.version), reverse=True)
    return Page([head.told() for head in found])


async def _files(call: Call[Factory, None, ChooseVersion], kind: Kind[Any]) -> FolderFiles:
    asked = wanted(call, call.query.version)
    head, folder = await call.context.shelf.content(kind, call.caller, asked, "folder")
    return FolderFiles(name=head.name, version=head.version, files=await asyncio.to_thread(texts_of, folder))


async def _difference(call: Call[Factory, None, ChooseTwo], kind: Kind[Any]) -> Difference:
    shelf, query = call.context.shelf, call.query
    old, before = await shelf.content(kind, call.caller, wanted(call, query.before), "folder")
    new, after = await shelf.content(kind, call.caller, wanted(call, query.after), "folder")
    one = await shelf.one(kind, call.caller, wanted(call, query.before))
    other = await shelf.one(kind, call.caller, wanted(call, query.after))
    schemas = (one.parameters, other.parameters)
    return await asyncio.to_thread(difference, old.name, old.version, new.version, (before, after), schemas)
