"""The files of an element, out of its tar archive."""

import io
import tarfile

from services.cluster.exceptions import UnreadableArchive


def texts_of(element: str, archive: bytes) -> dict[str, str]:
    """Return each file's text by its path, ``<element>/…`` and ``library/…``.

    Raises UnreadableArchive for a file that is no text: an export holds nothing else.
    """
    texts = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            for member in opened:
                content = opened.extractfile(member) if member.isfile() else None
                if content is not None:
                    texts[member.name.removeprefix("./")] = content.read().decode()
    except (tarfile.TarError, UnicodeDecodeError) as error:
        raise UnreadableArchive(f"The files of the element {element} can't be exported: {error}") from error
    return texts
