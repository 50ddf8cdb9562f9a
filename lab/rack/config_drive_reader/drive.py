"""The ISO 9660 volume labelled `config-2` among the machine's virtual media."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycdlib import PyCdlib
from pycdlib.pycdlibexception import PyCdlibException

VIRTUAL_MEDIA = Path("/dev/virtual-media")
LABEL = "config-2"


@dataclass(frozen=True)
class ConfigDrive:
    """The three files that the lab reads, decoded."""

    meta_data: dict[str, Any]
    network_data: dict[str, Any]
    user_data: bytes

    @property
    def uuid(self) -> str:
        """The instance's id; empty when the drive names none."""
        return str(self.meta_data.get("uuid", ""))


def read_drive(folder: Path = VIRTUAL_MEDIA) -> ConfigDrive | None:
    """The config drive among the media in `folder`, or nothing."""
    for medium in sorted(folder.iterdir()) if folder.is_dir() else []:
        drive = read_iso(medium)
        if drive is not None:
            return drive
    return None


def read_iso(path: Path) -> ConfigDrive | None:
    """The config drive in the ISO file at `path`; nothing if it is no ISO or has another label."""
    iso = PyCdlib()
    try:
        iso.open(str(path))
    except (PyCdlibException, OSError):
        return None
    try:
        label = iso.pvd.volume_identifier.decode("ascii", "replace").strip()
        return _decode(iso) if label.lower() == LABEL else None
    finally:
        iso.close()


def _decode(iso: PyCdlib) -> ConfigDrive:
    meta_data = json.loads(_file(iso, "meta_data.json") or b"{}")
    network_data = json.loads(_file(iso, "network_data.json") or b"{}")
    return ConfigDrive(meta_data, network_data, _file(iso, "user_data"))


def _file(iso: PyCdlib, name: str) -> bytes:
    """A file of `openstack/latest`, by its long name (Rock Ridge or Joliet); empty if there is none."""
    path = f"/openstack/latest/{name}"
    content = io.BytesIO()
    try:
        if iso.has_rock_ridge():
            iso.get_file_from_iso_fp(content, rr_path=path)
        else:
            iso.get_file_from_iso_fp(content, joliet_path=path)
    except (PyCdlibException, IndexError):  # pycdlib 1.12 answers some absent names with IndexError
        return b""
    return content.getvalue()
