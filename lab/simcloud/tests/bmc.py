"""A small Redfish service for the tests: systems with power, two drives and a boot override, and ways to break it.

It fetches what is inserted, as a BMC does, and keeps it, so that a test can read the config drive.
"""

import base64
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USERNAME, PASSWORD = "admin", "bmc-secret"
ROOT = "/redfish/v1"
MEDIA = {"Cd": ["CD", "DVD"], "Floppy": ["Floppy", "USBStick"]}
RESETS = {
    "On": "On",
    "ForceOff": "Off",
    "GracefulShutdown": "Off",
    "ForceRestart": "On",
    "GracefulRestart": "On",
}
_LONGEST_SWITCH_SECONDS = 30.0


class System:
    """One machine."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.power = "Off"
        self.boot = "None"
        self.media: dict[str, str | None] = dict.fromkeys(MEDIA)
        self.content: dict[str, bytes] = {}
        self.history: list[str] = []


class Bmc:
    """Serves machines on a port that the kernel picks, until it is closed."""

    def __init__(self, names: list[str]) -> None:
        self.systems = {name: System(name) for name in names}
        self.answering = True
        self.takes_media = True
        # While it is cleared, whoever asks for another power state waits for the answer.
        self.switching = threading.Event()
        self.switching.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def driver_info(self, name: str) -> dict[str, str]:
        """What Ironic must know of a machine."""
        return {
            "redfish_address": self.url,
            "redfish_system_id": f"{ROOT}/Systems/{name}",
            "redfish_username": USERNAME,
            "redfish_password": PASSWORD,
        }

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()

    def get(self, path: str) -> dict[str, Any] | None:
        """The document at a path, or None."""
        parts = path.rstrip("/").removeprefix(ROOT).strip("/").split("/")
        match parts:
            case [""]:
                return {
                    "@odata.id": ROOT,
                    "Id": "Root",
                    "Name": "Root",
                    "RedfishVersion": "1.15.0",
                    "UUID": "00000000-0000-4000-8000-000000000000",
                    "Systems": {"@odata.id": f"{ROOT}/Systems"},
                    "Managers": {"@odata.id": f"{ROOT}/Managers"},
                }
            case ["Systems" | "Managers" as kind]:
                return _collection(f"{ROOT}/{kind}", list(self.systems))
            case ["Systems", name] if name in self.systems:
                return self._system(self.systems[name])
            case ["Managers", name] if name in self.systems:
                return {
                    "@odata.id": f"{ROOT}/Managers/{name}",
                    "Id": name,
                    "Name": name,
                    "VirtualMedia": {"@odata.id": f"{ROOT}/Managers/{name}/VirtualMedia"},
                }
            case ["Managers", name, "VirtualMedia"]:
                return _collection(f"{ROOT}/Managers/{name}/VirtualMedia", list(MEDIA))
            case ["Managers", name, "VirtualMedia", drive] if drive in MEDIA:
                return self._drive(self.systems[name], drive)
        return None

    @staticmethod
    def _system(system: System) -> dict[str, Any]:
        path = f"{ROOT}/Systems/{system.name}"
        reset = {"target": f"{path}/Actions/ComputerSystem.Reset", "ResetType@Redfish.AllowableValues": list(RESETS)}
        boot = {
            "BootSourceOverrideEnabled": "Continuous",
            "BootSourceOverrideTarget": system.boot,
            "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Cd", "Hdd"],
        }
        return {
            "@odata.id": path,
            "Id": system.name,
            "Name": system.name,
            "UUID": "00000000-0000-4000-8000-000000000001",
            "PowerState": system.power,
            "Boot": boot,
            "Links": {"ManagedBy": [{"@odata.id": f"{ROOT}/Managers/{system.name}"}]},
            "Actions": {"#ComputerSystem.Reset": reset},
        }

    @staticmethod
    def _drive(system: System, drive: str) -> dict[str, Any]:
        path = f"{ROOT}/Managers/{system.name}/VirtualMedia/{drive}"
        actions = {
            f"#VirtualMedia.{verb}": {"target": f"{path}/Actions/VirtualMedia.{verb}"}
            for verb in ("InsertMedia", "EjectMedia")
        }
        return {
            "@odata.id": path,
            "Id": drive,
            "Name": drive,
            "MediaTypes": MEDIA[drive],
            "Image": system.media[drive],
            "Inserted": system.media[drive] is not None,
            "Actions": actions,
        }

    def act(self, method: str, path: str, body: dict[str, Any]) -> bool:
        """Does a POST or PATCH; False if there is no such thing."""
        parts = path.removeprefix(f"{ROOT}/").split("/")
        system = self.systems.get(parts[1]) if len(parts) > 1 else None
        if system is None:
            return False
        if method == "PATCH":
            system.boot = body.get("Boot", {}).get("BootSourceOverrideTarget", system.boot)
            return True
        if parts[-1] == "ComputerSystem.Reset":
            self.switching.wait(_LONGEST_SWITCH_SECONDS)
            system.power = RESETS[body["ResetType"]]
            system.history.append(body["ResetType"])
            return True
        drive = parts[3]
        if parts[-1] == "VirtualMedia.InsertMedia":
            system.media[drive] = body["Image"]
            with urllib.request.urlopen(body["Image"], timeout=5) as answer:
                system.content[drive] = answer.read()
            system.history.append(f"insert {drive}")
        else:
            system.media[drive] = None
            system.history.append(f"eject {drive}")
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bmc = self
        expected = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

            def _send(self, status: int, body: Any = None) -> None:
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _refused(self) -> bool:
                if not bmc.answering:
                    self._send(503, {"error": {"message": "the BMC is broken"}})
                    return True
                if self.path.rstrip("/") != ROOT and self.headers.get("Authorization") != expected:
                    self._send(401, {"error": {"message": "wrong log-in"}})
                    return True
                return False

            def _unwanted(self) -> bool:
                if bmc.takes_media or not self.path.endswith("InsertMedia"):
                    return False
                self._send(400, {"error": {"code": "Base.1.0.GeneralError", "message": "the drive is stuck"}})
                return True

            def do_GET(self) -> None:
                if not self._refused():
                    found = bmc.get(self.path)
                    self._send(200 if found else 404, found)

            def _change(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if not self._refused() and not self._unwanted():
                    done = bmc.act(self.command, self.path, json.loads(raw or b"{}"))
                    self._send(204 if done else 404)

            do_POST = do_PATCH = _change

        return Handler


def _collection(path: str, names: list[str]) -> dict[str, Any]:
    members = [{"@odata.id": f"{path}/{name}"} for name in names]
    return {"@odata.id": path, "Name": path, "Members": members, "Members@odata.count": len(members)}
