"""Gives BMCs the drives that Ironic published: `python -m lab.openstack.media PORT FOLDER`, on loopback.

Names can't be guessed, so nothing is listed.
"""

import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO


class Media(SimpleHTTPRequestHandler):
    """Files of one folder."""

    protocol_version = "HTTP/1.1"

    def list_directory(self, path: str) -> BinaryIO | None:  # type: ignore[override]
        """Refuse."""
        self.send_error(HTTPStatus.NOT_FOUND)
        return None


if __name__ == "__main__":
    port, folder = sys.argv[1:]
    ThreadingHTTPServer(("127.0.0.1", int(port)), partial(Media, directory=folder)).serve_forever()
