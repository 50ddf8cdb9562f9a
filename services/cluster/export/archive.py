"""The files of an archive as texts: an export holds nothing else."""

from services.chassis.archive import ArchiveRefused, files_of_archive
from services.cluster.exceptions import UnreadableArchive


def texts_of(whose: str, archive: bytes) -> dict[str, str]:
    """Return each file's text by its path; ``whose`` says in an error what the archive is of.

    Raises UnreadableArchive for a file that is no text.
    """
    try:
        return {path: content.decode() for path, content in files_of_archive(archive).items()}
    except (ArchiveRefused, UnicodeDecodeError) as error:
        raise UnreadableArchive(f"The files of {whose} can't be exported: {error}") from error
