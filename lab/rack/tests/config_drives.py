"""Config drives for the tests, as a cloud makes them: ISO 9660 with Rock Ridge and Joliet, labelled `config-2`."""

import io
import json
from typing import Any

from pycdlib import PyCdlib


def meta_data(uuid: str, hostname: str, public_key: str) -> dict[str, Any]:
    """The part of Nova's meta_data.json that machines read."""
    return {"uuid": uuid, "hostname": hostname, "name": hostname, "public_keys": {"key": public_key}}


def network_data(address: str, gateway: str) -> dict[str, Any]:
    """Nova's network_data.json for one port; its MAC is not the machine's, as with Ironic's noop network."""
    return {
        "links": [{"id": "link0", "type": "phy", "ethernet_mac_address": "fa:16:3e:00:00:01", "mtu": 1500}],
        "networks": [
            {
                "id": "network0",
                "type": "ipv4",
                "link": "link0",
                "ip_address": address,
                "netmask": "255.255.255.0",
                "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": gateway}],
            }
        ],
        "services": [{"type": "dns", "address": gateway}],
    }


def config_drive(meta: dict[str, Any], network: dict[str, Any], user_data: str = "") -> bytes:
    """The drive as an ISO image."""
    files = {"meta_data.json": json.dumps(meta), "network_data.json": json.dumps(network)}
    if user_data:
        files["user_data"] = user_data
    return iso("config-2", {f"openstack/latest/{name}": content.encode() for name, content in files.items()})


def iso(label: str, files: dict[str, bytes]) -> bytes:
    """An ISO image with files at `folder/folder/name`."""
    image = PyCdlib()
    image.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=label)
    folders: set[str] = set()
    for number, (path, content) in enumerate(files.items()):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/" + "/".join(parts[:depth])
            if folder not in folders:
                image.add_directory(folder.upper(), rr_name=parts[depth - 1], joliet_path=folder)
                folders.add(folder)
        folder = "/" + "/".join(parts[:-1]).upper()
        name = f"{folder.rstrip('/')}/FILE{number}.;1"
        image.add_fp(io.BytesIO(content), len(content), name, rr_name=parts[-1], joliet_path=f"/{path}")
    written = io.BytesIO()
    image.write_fp(written)
    image.close()
    return written.getvalue()
