"""Config drives: ISO 9660 volumes `config-2`, built here and served over HTTP to the BMCs.

Source: Nova's documentation of config drives, and what genisoimage makes for it.
"""

import base64
import gzip
import io
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pycdlib

from lab.simcloud.errors import bad_request

FILES = {"meta_data": "meta_data.json", "network_data": "network_data.json", "vendor_data": "vendor_data.json"}


def build_iso(files: Mapping[str, bytes]) -> bytes:
    """A volume `config-2` with the files below `openstack/latest`."""
    volume = pycdlib.PyCdlib()
    volume.new(interchange_level=3, vol_ident="config-2", joliet=3, rock_ridge="1.09")
    for plain, nice in (("/OPENSTACK", "openstack"), ("/OPENSTACK/LATEST", "latest")):
        volume.add_directory(plain, rr_name=nice, joliet_path=plain.lower())
    for name, data in files.items():
        plain = f"/OPENSTACK/LATEST/{name.upper()}{'' if '.' in name else '.'};1"
        volume.add_fp(io.BytesIO(data), len(data), plain, rr_name=name, joliet_path=f"/openstack/latest/{name}")
    target = io.BytesIO()
    volume.write_fp(target)
    volume.close()
    return target.getvalue()


def iso_of(given: Any) -> bytes:
    """The volume of what Ironic's API takes as `configdrive`: an object with the parts, or a gzipped base64 ISO."""
    if isinstance(given, Mapping):
        files = {name: json.dumps(given[key]).encode() for key, name in FILES.items() if given.get(key) is not None}
        user_data = given.get("user_data")
        if user_data is not None:
            text = user_data if isinstance(user_data, str) else json.dumps(user_data)
            files["user_data"] = text.encode()
        return build_iso(files)
    try:
        return gzip.decompress(base64.b64decode(str(given), validate=True))
    except (ValueError, OSError, EOFError) as error:
        raise bad_request(
            "Invalid configdrive: neither an object nor a base64-encoded and gzip-compressed ISO."
        ) from error


class Drives:
    """The folder of drives that are in use. Their names cannot be guessed, since user data holds secrets."""

    def __init__(self, folder: Path, address: str) -> None:
        """address: the root under which the folder is served."""
        self._folder = folder
        self._address = address
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def add(self, iso: bytes) -> str:
        """Stores a volume; answers its name."""
        name = f"{secrets.token_hex(16)}.iso"
        self.path(name).write_bytes(iso)
        return name

    def path(self, name: str) -> Path:
        """The file of a drive."""
        return self._folder / Path(name).name

    def url(self, name: str) -> str:
        """The address for a BMC."""
        return f"{self._address}/drives/{name}"

    def boot_url(self, image_id: str) -> str:
        """The address of an image's data."""
        return f"{self._address}/boot/{image_id}.iso"

    def remove(self, name: str | None) -> None:
        """Forgets a drive."""
        if name:
            self.path(name).unlink(missing_ok=True)
