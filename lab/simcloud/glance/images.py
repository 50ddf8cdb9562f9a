"""Glance: images as records, their data as files beside the database."""

import hashlib
import io
import sqlite3
from pathlib import Path
from typing import Any

import pycdlib

from lab.simcloud.caller import Caller
from lab.simcloud.clock import stamp
from lab.simcloud.errors import bad_request, forbidden, not_found
from lab.simcloud.store import Record, Table, new_id


class Image(Record):
    """An image; `properties` are the custom ones."""

    name: str | None
    owner: str | None
    status: str = "queued"
    visibility: str = "shared"
    disk_format: str | None = None
    container_format: str | None = None
    size: int | None = None
    checksum: str | None = None
    os_hash_value: str | None = None
    min_disk: int = 0
    min_ram: int = 0
    protected: bool = False
    os_hidden: bool = False
    tags: list[str] = []
    created_at: str = ""
    updated_at: str = ""
    properties: dict[str, Any] = {}


KNOWN_FIELDS = frozenset(Image.__struct_fields__)
SETTABLE = ("name", "visibility", "disk_format", "container_format", "min_disk", "min_ram", "protected", "tags")


class Images:
    """All images of a cloud."""

    def __init__(self, database: sqlite3.Connection, folder: Path) -> None:
        self.table = Table(database, "images", Image, ("name", "owner", "visibility", "status"))
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, owner: str | None, body: dict[str, Any], image_id: str | None = None) -> Image:
        """Makes a queued image without data."""
        known = {key: body[key] for key in SETTABLE if key in body}
        extra = {key: value for key, value in body.items() if key not in KNOWN_FIELDS}
        moment = stamp()
        image = Image(
            id=image_id or str(body.get("id") or new_id()),
            owner=owner,
            created_at=moment,
            updated_at=moment,
            properties=extra,
            **({"name": None} | known),
        )
        return self.table.add(image)

    def upload(self, image: Image, data: bytes) -> Image:
        """Stores the data; the image is active then."""
        if image.disk_format is None or image.container_format is None:
            raise bad_request("Properties disk_format, container_format must be set prior to saving data.")
        self.path(image.id).write_bytes(data)
        image.size = len(data)
        image.checksum = hashlib.md5(data, usedforsecurity=False).hexdigest()
        image.os_hash_value = hashlib.sha512(data).hexdigest()
        image.status, image.updated_at = "active", stamp()
        return self.table.save(image)

    def path(self, image_id: str) -> Path:
        """Where the data of an image lies."""
        return self._folder / f"{image_id}.data"

    def visible(self, image: Image, caller: Caller) -> bool:
        """Whether the caller may see it."""
        return caller.is_admin or image.visibility in ("public", "community") or image.owner == caller.project_id

    def get(self, image_id: str, caller: Caller) -> Image:
        """The image, or Glance's 404."""
        image = self.table.get(image_id)
        if image is None or not self.visible(image, caller):
            raise not_found(f"No image found with ID {image_id}")
        return image

    def find(self, name_or_id: str, caller: Caller) -> Image | None:
        """By id or name, among those that the caller sees; what Heat's and Nova's look-ups do."""
        image = self.table.get(name_or_id)
        if image and self.visible(image, caller):
            return image
        named = self.table.find(name=name_or_id)
        return next((image for image in named if self.visible(image, caller)), None)

    def remove(self, image: Image) -> None:
        """Deletes image and data; 403 if it is protected."""
        if image.protected:
            raise forbidden(f"Image {image.id} is protected and cannot be deleted.")
        self.path(image.id).unlink(missing_ok=True)
        self.table.remove(image.id)

    def modify(self, image: Image, operations: list[dict[str, Any]]) -> Image:
        """Applies a JSON patch of one-level paths."""
        for operation in operations:
            field = str(operation.get("path", "")).lstrip("/")
            if field in SETTABLE or field == "os_hidden":
                setattr(image, field, operation.get("value"))
            elif field in KNOWN_FIELDS:
                raise forbidden(f"Attribute '{field}' is read-only.")
            elif operation.get("op") == "remove":
                image.properties.pop(field, None)
            else:
                image.properties[field] = operation.get("value")
        image.updated_at = stamp()
        return self.table.save(image)


def boot_iso() -> bytes:
    """A small valid ISO 9660 volume, which stands for the operating system that a machine boots."""
    volume = pycdlib.PyCdlib()
    volume.new(interchange_level=3, vol_ident="bm-image")
    text = b"The operating system of this lab's machines comes from the rack, not from this image.\n"
    volume.add_fp(io.BytesIO(text), len(text), "/README.TXT;1")
    target = io.BytesIO()
    volume.write_fp(target)
    volume.close()
    return target.getvalue()


def show(image: Image) -> dict[str, Any]:
    """GET /v2/images/{id}"""
    shown = {field: getattr(image, field) for field in KNOWN_FIELDS - {"properties"}}
    shown |= {
        "os_hash_algo": "sha512" if image.os_hash_value else None,
        "virtual_size": image.size,
        "self": f"/v2/images/{image.id}",
        "file": f"/v2/images/{image.id}/file",
        "schema": "/v2/schemas/image",
    }
    return shown | image.properties
