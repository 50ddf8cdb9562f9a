"""The HTTP server from which BMCs read boot images and config drives. No tokens: BMCs have none."""

from pathlib import Path
from typing import Any

from sanic import HTTPResponse, Request, Sanic

from lab.simcloud.api.app import mount, new_app
from lab.simcloud.config import CloudConfig
from lab.simcloud.errors import ApiError, not_found
from lab.simcloud.glance.images import Images
from lab.simcloud.ironic.drives import Drives


def plain_error(error: ApiError) -> dict[str, str]:
    """An error as a small JSON object."""
    return {"error": error.message}


def drives_app(config: CloudConfig, drives: Drives, images: Images) -> Sanic[Any, Any]:
    """The app of the media server."""
    app = new_app(config.name, "drives", plain_error)

    async def drive(request: Request, name: str) -> HTTPResponse:
        return _file(request, drives.path(name))

    async def boot(request: Request, name: str) -> HTTPResponse:
        return _file(request, images.path(Path(name).name.removesuffix(".iso")))

    mount(app, [("GET HEAD", "/drives/<name>", drive), ("GET HEAD", "/boot/<name>", boot)])
    return app


def _file(request: Request, path: Path) -> HTTPResponse:
    if not path.is_file():
        raise not_found("no such medium")
    headers = {"Content-Length": str(path.stat().st_size)} if request.method == "HEAD" else {}
    body = b"" if request.method == "HEAD" else path.read_bytes()
    return HTTPResponse(body, 200, headers, "application/x-iso9660-image")
