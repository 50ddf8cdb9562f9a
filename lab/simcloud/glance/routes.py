"""Glance's app (v2)."""

from typing import Any

import msgspec
from sanic import HTTPResponse, Request, Sanic

from lab.simcloud.api.access import caller_of, require_token
from lab.simcloud.api.app import address_of, answer, body_of, limit_argument, mount, new_app, text_argument
from lab.simcloud.config import CloudConfig
from lab.simcloud.errors import ApiError, bad_request, conflict, forbidden
from lab.simcloud.glance.images import Image, Images, show
from lab.simcloud.keystone.service import Identity

FILTERS = ("name", "visibility", "owner", "status")


def glance_error(error: ApiError) -> str:
    """An error as Glance words it: a small HTML page."""
    title = f"{error.status} {error.kind or 'Error'}"
    return (
        f"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n"
        f"  {error.message}<br /><br />\n\n\n </body>\n</html>"
    )


def glance_app(config: CloudConfig, identity: Identity, images: Images) -> Sanic[Any, Any]:
    """The app of the image service."""
    app = new_app(config.name, "glance", glance_error)
    public = ("/", "/versions")
    require_token(app, identity.tokens.caller, config.url("keystone"), lambda r: r.path in public, delayed=True)
    mount(app, ImageRoutes(images).table())
    return app


class ImageRoutes:
    """Images and their data."""

    def __init__(self, images: Images) -> None:
        self._images = images

    def table(self) -> list[Any]:
        """Method, path, handler."""
        return [
            ("GET", "/", self.versions),
            ("GET", "/versions", self.versions),
            ("GET", "/v2/images", self.index),
            ("POST", "/v2/images", self.create),
            ("GET", "/v2/images/<image_id>", self.show),
            ("PATCH", "/v2/images/<image_id>", self.update),
            ("DELETE", "/v2/images/<image_id>", self.delete),
            ("PUT", "/v2/images/<image_id>/file", self.upload),
            ("GET", "/v2/images/<image_id>/file", self.download),
            ("GET", "/v2/images/<image_id>/members", self.members),
            ("GET", "/v2/info/import", self.import_methods),
        ]

    async def versions(self, request: Request) -> HTTPResponse:
        """GET /"""
        links = [{"rel": "self", "href": f"{address_of(request)}/v2/"}]
        versions = [{"id": f"v2.{n}", "status": "CURRENT" if n == 17 else "SUPPORTED", "links": links} for n in (17, 0)]
        return answer({"versions": versions}, 300 if request.path == "/" else 200)

    async def index(self, request: Request) -> HTTPResponse:
        """GET /v2/images"""
        caller = caller_of(request)
        wanted = {key: value for key in FILTERS if (value := text_argument(request, key))}
        if wanted.get("visibility") == "all":
            del wanted["visibility"]
        limit = limit_argument(request)
        found = self._images.table.find(after=text_argument(request, "marker"), newest_first=True, **wanted)
        visible = [image for image in found if self._images.visible(image, caller)]
        body = {"images": [show(image) for image in visible[:limit]], "schema": "/v2/schemas/images"}
        body["first"] = "/v2/images"
        if len(visible) > limit:
            body["next"] = f"/v2/images?limit={limit}&marker={visible[limit - 1].id}"
        return answer(body)

    async def create(self, request: Request) -> HTTPResponse:
        """POST /v2/images"""
        caller, body = caller_of(request), body_of(request)
        if body.get("visibility") == "public" and not caller.is_admin:
            raise forbidden("You are not authorized to complete publicize_image action.")
        if body.get("id") and self._images.table.get(str(body["id"])):
            raise conflict("Image ID already exists!")
        image = self._images.create(caller.project_id, body)
        return answer(show(image), 201, {"Location": f"{address_of(request)}/v2/images/{image.id}"})

    def _own(self, request: Request, image_id: str) -> Image:
        caller = caller_of(request)
        image = self._images.get(image_id, caller)
        if image.owner != caller.project_id and not caller.is_admin:
            raise forbidden("You are not authorized to complete modify_image action.")
        return image

    async def show(self, request: Request, image_id: str) -> HTTPResponse:
        """GET /v2/images/{id}"""
        return answer(show(self._images.get(image_id, caller_of(request))))

    async def update(self, request: Request, image_id: str) -> HTTPResponse:
        """PATCH /v2/images/{id}"""
        operations = msgspec.json.decode(request.body)
        if not isinstance(operations, list):
            raise bad_request("Request body must be a JSON array of operation objects.")
        return answer(show(self._images.modify(self._own(request, image_id), operations)))

    async def delete(self, request: Request, image_id: str) -> HTTPResponse:
        """DELETE /v2/images/{id}"""
        self._images.remove(self._own(request, image_id))
        return answer(None, 204)

    async def upload(self, request: Request, image_id: str) -> HTTPResponse:
        """PUT /v2/images/{id}/file"""
        image = self._own(request, image_id)
        if image.status != "queued":
            raise conflict(f"Image status transition from {image.status} to saving is not allowed")
        self._images.upload(image, request.body)
        return answer(None, 204)

    async def download(self, request: Request, image_id: str) -> HTTPResponse:
        """GET /v2/images/{id}/file"""
        image = self._images.get(image_id, caller_of(request))
        if image.status != "active":
            return answer(None, 204)
        data = self._images.path(image_id).read_bytes()
        headers = {"Content-MD5": image.checksum or ""}
        return HTTPResponse(data, 200, headers, "application/octet-stream")

    async def members(self, request: Request, image_id: str) -> HTTPResponse:
        """GET /v2/images/{id}/members: sharing is not emulated."""
        self._images.get(image_id, caller_of(request))
        return answer({"members": [], "schema": "/v2/schemas/members"})

    async def import_methods(self, request: Request) -> HTTPResponse:
        """GET /v2/info/import"""
        caller_of(request)
        return answer({"import-methods": {"description": "Import methods available.", "type": "array", "value": []}})
