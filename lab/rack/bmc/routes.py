"""Redfish's resources and actions for one system, one manager, one chassis."""

from typing import Any, cast

import sanic
from sanic import Request
from sanic.exceptions import NotFound
from sanic.response import HTTPResponse, empty, json

from lab.rack.bmc import documents, media
from lab.rack.bmc.context import USERNAME, BmcContext
from lab.rack.bmc.documents import CHASSIS, CHASSIS_PATH, MANAGER, MANAGERS, NIC_ID, ROOT, SESSIONS, SYSTEMS
from lab.rack.errors import RackError
from lab.rack.state import Device

routes = sanic.Blueprint("redfish")
SYSTEM = f"{SYSTEMS}/<system_id:str>"
DRIVE = f"{MANAGER}/VirtualMedia/<device:str>"
# Redfish property -> the rack's word for it.
BOOT_PROPERTIES = {
    "BootSourceOverrideTarget": "target",
    "BootSourceOverrideEnabled": "enabled",
    "BootSourceOverrideMode": "mode",
}


def _bmc(request: Request) -> BmcContext:
    return cast(BmcContext, request.app.ctx.bmc)


def _body(request: Request) -> dict[str, Any]:
    body = request.json if request.body else {}
    if not isinstance(body, dict):
        raise RackError("the body is not a JSON object")
    return body


def _own_system(request: Request, system_id: str) -> BmcContext:
    context = _bmc(request)
    if system_id != context.spec.system_id:
        raise NotFound(f"This BMC manages no system {system_id}.")
    return context


def _drive(device: str) -> Device:
    if device not in documents.MEDIA_TYPES:
        raise NotFound(f"There is no virtual drive {device}.")
    return device


@routes.get("/redfish", name="versions")
async def versions(_request: Request) -> HTTPResponse:
    return json({"v1": f"{ROOT}/"})


@routes.get(f"{ROOT}/", name="root")
async def root(request: Request) -> HTTPResponse:
    return json(documents.service_root(_bmc(request).spec))


@routes.get(f"{ROOT}/SessionService", name="session-service")
async def session_service(_request: Request) -> HTTPResponse:
    return json(documents.session_service())


@routes.get(SESSIONS, name="sessions")
async def sessions(request: Request) -> HTTPResponse:
    return json(documents.collection(SESSIONS, "Session", [f"{SESSIONS}/{key}" for key in _bmc(request).sessions]))


@routes.post(SESSIONS, name="log-in")
async def log_in(request: Request) -> HTTPResponse:
    context, body = _bmc(request), _body(request)
    if not context.is_password(str(body.get("UserName")), str(body.get("Password"))):
        return json(documents.error("User name or password is wrong.", "NoValidSession"), 401)
    session_id, token = context.open_session()
    headers = {"X-Auth-Token": token, "Location": f"{SESSIONS}/{session_id}"}
    return json(documents.session(session_id, USERNAME), 201, headers)


@routes.get(f"{SESSIONS}/<session_id:str>", name="session")
async def session(request: Request, session_id: str) -> HTTPResponse:
    if session_id not in _bmc(request).sessions:
        raise NotFound("There is no such session.")
    return json(documents.session(session_id, USERNAME))


@routes.delete(f"{SESSIONS}/<session_id:str>", name="log-out")
async def log_out(request: Request, session_id: str) -> HTTPResponse:
    if _bmc(request).sessions.pop(session_id, None) is None:
        raise NotFound("There is no such session.")
    return empty()


@routes.get(SYSTEMS, name="systems")
async def systems(request: Request) -> HTTPResponse:
    members = [f"{SYSTEMS}/{_bmc(request).spec.system_id}"]
    return json(documents.collection(SYSTEMS, "ComputerSystem", members))


@routes.get(SYSTEM, name="system")
async def system(request: Request, system_id: str) -> HTTPResponse:
    return json(documents.system(await _own_system(request, system_id).ask("show")))


@routes.patch(SYSTEM, name="change-system")
async def change_system(request: Request, system_id: str) -> HTTPResponse:
    context = _own_system(request, system_id)
    boot = _body(request).get("Boot")
    if not isinstance(boot, dict) or not set(boot) <= set(BOOT_PROPERTIES):
        raise RackError(f"only Boot with {', '.join(BOOT_PROPERTIES)} can be changed")
    await context.ask("set-boot", boot={BOOT_PROPERTIES[name]: value for name, value in boot.items()})
    return empty()


@routes.post(f"{SYSTEM}/Actions/ComputerSystem.Reset", name="reset")
async def reset(request: Request, system_id: str) -> HTTPResponse:
    await _own_system(request, system_id).ask("reset", kind=str(_body(request).get("ResetType")))
    return empty()


@routes.get(f"{SYSTEM}/EthernetInterfaces", name="nics")
async def nics(request: Request, system_id: str) -> HTTPResponse:
    path = f"{SYSTEMS}/{_own_system(request, system_id).spec.system_id}/EthernetInterfaces"
    return json(documents.collection(path, "EthernetInterface", [f"{path}/{NIC_ID}"]))


@routes.get(f"{SYSTEM}/EthernetInterfaces/{NIC_ID}", name="nic")
async def nic(request: Request, system_id: str) -> HTTPResponse:
    return json(documents.ethernet_interface(await _own_system(request, system_id).ask("show")))


@routes.get(CHASSIS, name="chassis-list")
async def chassis_list(_request: Request) -> HTTPResponse:
    return json(documents.collection(CHASSIS, "Chassis", [CHASSIS_PATH]))


@routes.get(CHASSIS_PATH, name="chassis")
async def chassis(request: Request) -> HTTPResponse:
    return json(documents.chassis(await _bmc(request).ask("show")))


@routes.get(MANAGERS, name="managers")
async def managers(_request: Request) -> HTTPResponse:
    return json(documents.collection(MANAGERS, "Manager", [MANAGER]))


@routes.get(MANAGER, name="manager")
async def manager(request: Request) -> HTTPResponse:
    return json(documents.manager(_bmc(request).spec))


@routes.get(f"{MANAGER}/VirtualMedia", name="drives")
async def drives(_request: Request) -> HTTPResponse:
    path = f"{MANAGER}/VirtualMedia"
    return json(documents.collection(path, "VirtualMedia", [f"{path}/{device}" for device in documents.MEDIA_TYPES]))


@routes.get(DRIVE, name="drive")
async def drive(request: Request, device: str) -> HTTPResponse:
    return json(documents.virtual_media(await _bmc(request).ask("show"), _drive(device)))


@routes.post(f"{DRIVE}/Actions/VirtualMedia.InsertMedia", name="insert")
async def insert(request: Request, device: str) -> HTTPResponse:
    context, name = _bmc(request), _drive(device)
    url = _body(request).get("Image")
    if not isinstance(url, str):
        raise RackError("InsertMedia needs Image, the address of an image")
    file = await media.download(url, context.media_folder, name)
    try:
        await context.ask("insert", device=name, file=file, url=url)
    except RackError:
        (context.media_folder / file).unlink(missing_ok=True)
        raise
    return empty()


@routes.post(f"{DRIVE}/Actions/VirtualMedia.EjectMedia", name="eject")
async def eject(request: Request, device: str) -> HTTPResponse:
    await _bmc(request).ask("eject", device=_drive(device))
    return empty()
