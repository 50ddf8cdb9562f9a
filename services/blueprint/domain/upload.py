"""What customers upload, a tar archive or texts by path, as files: every limit is checked before anything is built.

Archives are read as POSIX pax and GNU tar write them (POSIX.1-2017, pax, "ustar Interchange Format"), plain or by
gzip (RFC 1952).
"""

import io
import re
import tarfile
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from services.blueprint.domain.files import MOST_BYTES, MOST_FILES, Files
from services.contracts.blueprint import Finding

MOST_ENTRIES = 2 * MOST_FILES
MOST_UNPACKED_BYTES = MOST_BYTES + 2 * tarfile.BLOCKSIZE * MOST_ENTRIES + tarfile.RECORDSIZE
MOST_FINDINGS = 100
_MOST_PATH_CHARACTERS = 200
_MOST_FOLDERS = 10
_SHOWN = 120
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_PLAIN_NAMES = "Names have letters, digits, '_', '-' and '.', and begin with no dot."
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CONTTYPE: "a contiguous file",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


class UploadRefused(ValueError):
    """The upload is not taken; ``findings`` say why."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        super().__init__("; ".join(item.message for item in self.findings))


def files_of_tar(archive: bytes, document: str) -> Files:
    """Return the files of an archive. A folder around all of them, in which ``document`` lies, is left out.

    Raises UploadRefused.
    """
    try:
        found, findings = _members(_unpacked(archive))
    except UploadRefused:
        raise
    except (tarfile.TarError, ValueError, OverflowError, EOFError, IndexError) as error:
        raise _refused("", f"It is no tar archive: {shown(str(error))}.", "Such as tar -czf makes.") from error
    if findings:
        raise UploadRefused(findings)
    return checked_files(_without_folder_around(found, document))


def checked_files(files: Files) -> Files:
    """Return ``files``; raises UploadRefused for names and contents that are not taken."""
    findings = [*_total_findings(files)] or [*_name_findings(files), *_text_findings(files)]
    if findings:
        raise UploadRefused(findings[:MOST_FINDINGS])
    return files


def shown(text: str) -> str:
    """Return a text that may be anything as an error shows it: short, and without what a terminal would obey."""
    plain = text.encode(errors="backslashreplace").decode()
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain[: _SHOWN + 1])
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


def _unpacked(archive: bytes) -> bytes:
    if not archive.startswith(_GZIP):
        return archive
    unzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        content = unzip.decompress(archive, MOST_UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise _refused("", "It is no gzip file, or a damaged one.", "Pack it anew.") from error
    if len(content) > MOST_UNPACKED_BYTES:
        hint = f"An archive holds at most {MOST_FILES} files and {MOST_BYTES} bytes."
        raise _refused("", f"The archive unpacks to more than {MOST_UNPACKED_BYTES} bytes.", hint)
    if not unzip.eof:
        raise _refused("", "The gzip file ends too early.", "Pack or send it anew.")
    return content


def _members(archive: bytes) -> tuple[Files, list[Finding]]:
    found: Files = {}
    findings: list[Finding] = []
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:", errors="surrogateescape") as opened:
        for number, member in enumerate(opened, 1):
            if number > MOST_ENTRIES:
                raise _refused("", f"The archive has more than {MOST_ENTRIES} entries.")
            name = member.name.removeprefix("./")
            problem = _member_problem(member)
            if problem is None and name in found:
                problem = ("It is there twice.", "Pack each file once.")
            if problem:
                findings.append(Finding(file=shown(name), line=None, message=problem[0], hint=problem[1]))
            elif member.isreg():
                content = opened.extractfile(member)
                found[name] = content.read() if content else b""
    return found, findings[:MOST_FINDINGS]


def _member_problem(member: tarfile.TarInfo) -> tuple[str, str] | None:
    path = PurePosixPath(member.name)
    if member.issparse() or not (member.isreg() or member.isdir()):
        kind = "a sparse file" if member.issparse() else _KINDS.get(member.type, "of an unknown kind")
        return f"It is {kind}.", "Pack plain files and folders only."
    if path.is_absolute() or ".." in path.parts:
        return "It leads out of the folder.", "Pack with paths relative to the folder, such as tar -C FOLDER -czf … ."
    if not 0 <= member.size <= MOST_BYTES:
        return f"It says that it has {shown(str(member.size))} bytes.", f"At most {MOST_BYTES} are taken, in all."
    return None


def _without_folder_around(files: Files, document: str) -> Files:
    around = {path.partition("/")[0] for path in files}
    if document in files or len(around) != 1 or f"{min(around)}/{document}" not in files:
        return files
    return {path.partition("/")[2]: content for path, content in files.items()}


def _total_findings(files: Mapping[str, bytes]) -> Iterator[Finding]:
    total = sum(map(len, files.values()))
    if not files:
        yield Finding(file="", line=None, message="There are no files.")
    if len(files) > MOST_FILES or total > MOST_BYTES:
        message = f"There are {len(files)} files with {total} bytes in all."
        yield Finding(file="", line=None, message=message, hint=f"At most {MOST_FILES} and {MOST_BYTES} are taken.")


def _name_findings(files: Mapping[str, bytes]) -> Iterator[Finding]:
    alike = Counter(unicodedata.normalize("NFKC", path).casefold() for path in files)
    folders = (
        {parent.as_posix() for path in files for parent in PurePosixPath(path).parents} if _short(files) else set()
    )
    for path in files:
        problem = _name_problem(path)
        if problem is None and alike[unicodedata.normalize("NFKC", path).casefold()] > 1:
            problem = (
                "Another file has this name in other letters.",
                "Some machines take the two for one: rename one.",
            )
        if problem is None and path in folders:
            problem = ("It is a file and a folder.", "Rename one of the two.")
        if problem:
            yield Finding(file=shown(path), line=None, message=problem[0], hint=problem[1])


def _short(files: Mapping[str, bytes]) -> bool:
    return all(len(path) <= _MOST_PATH_CHARACTERS for path in files)


def _name_problem(path: str) -> tuple[str, str] | None:
    if len(path) > _MOST_PATH_CHARACTERS or path.count("/") > _MOST_FOLDERS:
        return f"Its path is longer than {_MOST_PATH_CHARACTERS} characters or {_MOST_FOLDERS} folders.", "Shorten it."
    if path.startswith("/") or ".." in path.split("/"):
        return "It leads out of the folder.", "Paths are relative to the folder."
    if any(part.startswith(".") for part in path.split("/")):
        return "It is a hidden file.", "Leave it out."
    if not _PATH.fullmatch(path):
        return "Its name has characters that are not taken.", _PLAIN_NAMES
    return None


def _text_findings(files: Mapping[str, bytes]) -> Iterator[Finding]:
    for path, content in files.items():
        problem = _text_problem(content)
        if problem:
            line, message = problem
            yield Finding(file=shown(path), line=line, message=message, hint="Files are text in UTF-8.")


def _text_problem(content: bytes) -> tuple[int, str] | None:
    if content.startswith(_BOM):
        return 1, "It begins with a byte order mark."
    nul = content.find(b"\0")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        if nul < 0 or error.start < nul:
            return content.count(b"\n", 0, error.start) + 1, "It is not UTF-8."
    return (content.count(b"\n", 0, nul) + 1, "It holds the character NUL.") if nul >= 0 else None


def _refused(file: str, message: str, hint: str | None = None) -> UploadRefused:
    return UploadRefused([Finding(file=file, line=None, message=message, hint=hint)])
