"""Fetching the image for a virtual drive."""

import os
import secrets
from pathlib import Path
from typing import BinaryIO

import aiohttp

from lab.rack.errors import RackError

DOWNLOAD_DEADLINE_S = 60
MAX_BYTES = 4_000_000_000
CHUNK = 262_144


async def download(url: str, folder: Path, device: str) -> str:
    """Fetch `url` into `folder` and return the new file's name.

    Raises:
        RackError: The address is not HTTP, or the image cannot be had; nothing is left behind.
    """
    if not url.startswith(("http://", "https://")):
        raise RackError(f"virtual media image {url!r} has no http or https address")
    name = f"{device.lower()}-{secrets.token_hex(6)}.iso"
    partial = folder / f".{name}"
    try:
        await _fetch(url, partial)
        partial.rename(folder / name)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise RackError(f"virtual media image {url} cannot be fetched: {error or type(error).__name__}") from error
    finally:
        partial.unlink(missing_ok=True)
    return name


async def _fetch(url: str, target: Path) -> None:
    timeout = aiohttp.ClientTimeout(total=DOWNLOAD_DEADLINE_S, connect=5)
    size = 0
    async with aiohttp.ClientSession(timeout=timeout) as client, client.get(url) as answer:
        answer.raise_for_status()
        with _create(target) as file:
            async for chunk in answer.content.iter_chunked(CHUNK):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise RackError(f"virtual media image {url} is larger than {MAX_BYTES} bytes")
                file.write(chunk)


def _create(target: Path) -> BinaryIO:
    """A new file for root alone: user data may hold secrets, and the machine's users see the drive as a file."""
    return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
