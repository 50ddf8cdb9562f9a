"""Redfish resources as JSON documents. Pure functions of a machine's status."""

from typing import Any

from lab.rack.requests import RESET_TYPES
from lab.rack.spec import MachineSpec
from lab.rack.state import Device, MachineStatus

ROOT = "/redfish/v1"
SYSTEMS, MANAGERS, CHASSIS = f"{ROOT}/Systems", f"{ROOT}/Managers", f"{ROOT}/Chassis"
SESSIONS = f"{ROOT}/SessionService/Sessions"
MANAGER_ID, CHASSIS_ID, NIC_ID = "bmc", "chassis", "nic1"
MANAGER, CHASSIS_PATH = f"{MANAGERS}/{MANAGER_ID}", f"{CHASSIS}/{CHASSIS_ID}"
MEDIA_TYPES: dict[Device, list[str]] = {"Cd": ["CD", "DVD"], "Floppy": ["Floppy", "USBStick"]}
BOOT_TARGETS = ["None", "Cd", "Hdd", "Pxe", "Usb"]
OK = {"State": "Enabled", "Health": "OK"}

Document = dict[str, Any]


def link(path: str) -> Document:
    """A reference to another resource."""
    return {"@odata.id": path}


def collection(path: str, kind: str, members: list[str]) -> Document:
    """A Redfish collection of the resources at the paths `members`."""
    return {
        "@odata.type": f"#{kind}Collection.{kind}Collection", "@odata.id": path, "Name": f"{kind} Collection",
        "Members": [link(member) for member in members], "Members@odata.count": len(members),
    }  # fmt: skip


def service_root(spec: MachineSpec) -> Document:
    """The entrance, readable without log-in."""
    return {
        "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", "@odata.id": f"{ROOT}/", "Id": "RootService",
        "Name": f"BMC of {spec.serial}", "RedfishVersion": "1.6.0", "UUID": spec.system_id, "Vendor": "Cloudpoint lab",
        "Systems": link(SYSTEMS), "Managers": link(MANAGERS), "Chassis": link(CHASSIS),
        "SessionService": link(f"{ROOT}/SessionService"), "Links": {"Sessions": link(SESSIONS)},
    }  # fmt: skip


def session_service() -> Document:
    """Where log-in sessions are made."""
    return {
        "@odata.type": "#SessionService.v1_1_0.SessionService", "@odata.id": f"{ROOT}/SessionService",
        "Id": "SessionService", "Name": "Session Service", "ServiceEnabled": True, "SessionTimeout": 86400,
        "Sessions": link(SESSIONS),
    }  # fmt: skip


def session(session_id: str, username: str) -> Document:
    """One log-in session, without its token."""
    return {
        "@odata.type": "#Session.v1_1_0.Session", "@odata.id": f"{SESSIONS}/{session_id}", "Id": session_id,
        "Name": "User Session", "UserName": username,
    }  # fmt: skip


def system(status: MachineStatus) -> Document:
    """The machine: nameplate, power, boot override, and the reset action."""
    path = f"{SYSTEMS}/{status.system_id}"
    plate, boot = status.nameplate, status.boot
    return {
        "@odata.type": "#ComputerSystem.v1_10_0.ComputerSystem", "@odata.id": path, "Id": status.system_id,
        "Name": status.name, "UUID": status.system_id, "SerialNumber": status.serial, "SystemType": "Physical",
        "Manufacturer": "Cloudpoint lab", "Model": "namespace", "Status": OK, "PowerState": status.power,
        "IndicatorLED": "Off",
        "Boot": {
            "BootSourceOverrideEnabled": boot.enabled, "BootSourceOverrideTarget": boot.target,
            "BootSourceOverrideMode": boot.mode,
            "BootSourceOverrideTarget@Redfish.AllowableValues": BOOT_TARGETS,
            "BootSourceOverrideMode@Redfish.AllowableValues": ["UEFI", "Legacy"],
        },
        "ProcessorSummary": {"Count": 1, "CoreCount": plate.cpus, "LogicalProcessorCount": plate.cpus,
                             "Model": "x86-64", "Status": OK},
        "MemorySummary": {"TotalSystemMemoryGiB": plate.memory_mb / 1024, "Status": OK},
        "EthernetInterfaces": link(f"{path}/EthernetInterfaces"),
        "Links": {"Chassis": [link(CHASSIS_PATH)], "ManagedBy": [link(MANAGER)]},
        "Actions": {"#ComputerSystem.Reset": {
            "target": f"{path}/Actions/ComputerSystem.Reset",
            "ResetType@Redfish.AllowableValues": list(RESET_TYPES)}},
    }  # fmt: skip


def ethernet_interface(status: MachineStatus) -> Document:
    """The machine's network card."""
    return {
        "@odata.type": "#EthernetInterface.v1_5_0.EthernetInterface",
        "@odata.id": f"{SYSTEMS}/{status.system_id}/EthernetInterfaces/{NIC_ID}", "Id": NIC_ID, "Name": "eth0",
        "MACAddress": status.mac, "PermanentMACAddress": status.mac, "SpeedMbps": 10000, "Status": OK,
        "LinkStatus": "LinkDown" if "no-network" in status.faults else "LinkUp",
    }  # fmt: skip


def chassis(status: MachineStatus) -> Document:
    """The box."""
    return {
        "@odata.type": "#Chassis.v1_10_0.Chassis", "@odata.id": CHASSIS_PATH, "Id": CHASSIS_ID, "Name": status.name,
        "ChassisType": "RackMount", "SerialNumber": status.serial, "PowerState": status.power, "Status": OK,
        "Links": {"ComputerSystems": [link(f"{SYSTEMS}/{status.system_id}")], "ManagedBy": [link(MANAGER)]},
    }  # fmt: skip


def manager(spec: MachineSpec) -> Document:
    """The BMC itself."""
    return {
        "@odata.type": "#Manager.v1_5_0.Manager", "@odata.id": MANAGER, "Id": MANAGER_ID, "Name": "BMC",
        "ManagerType": "BMC", "FirmwareVersion": "1.0", "PowerState": "On", "Status": OK,
        "VirtualMedia": link(f"{MANAGER}/VirtualMedia"),
        "Links": {"ManagerForServers": [link(f"{SYSTEMS}/{spec.system_id}")],
                  "ManagerForChassis": [link(CHASSIS_PATH)]},
    }  # fmt: skip


def virtual_media(status: MachineStatus, device: Device) -> Document:
    """One virtual drive and what is in it."""
    path, medium = f"{MANAGER}/VirtualMedia/{device}", status.media.get(device)
    return {
        "@odata.type": "#VirtualMedia.v1_3_0.VirtualMedia", "@odata.id": path, "Id": device,
        "Name": f"Virtual {device}",
        "MediaTypes": MEDIA_TYPES[device], "Inserted": medium is not None, "WriteProtected": True,
        "Image": medium.url if medium else None, "ImageName": medium.url.rpartition("/")[2] if medium else None,
        "ConnectedVia": "URI" if medium else "NotConnected",
        "Actions": {
            "#VirtualMedia.InsertMedia": {"target": f"{path}/Actions/VirtualMedia.InsertMedia"},
            "#VirtualMedia.EjectMedia": {"target": f"{path}/Actions/VirtualMedia.EjectMedia"},
        },
    }  # fmt: skip


def error(message: str, message_id: str = "GeneralError") -> Document:
    """Redfish's error body (DSP0266, Error responses)."""
    info = {"@odata.type": "#Message.v1_0_0.Message", "MessageId": f"Base.1.0.{message_id}", "Message": message,
            "Severity": "Critical"}  # fmt: skip
    return {"error": {"code": f"Base.1.0.{message_id}", "message": message, "@Message.ExtendedInfo": [info]}}
