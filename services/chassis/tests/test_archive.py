"""What is read from an archive: plain files below its folder, and nothing else."""

import io
import tarfile

import pytest

from services.chassis.archive import ArchiveRefused, files_of_archive


def _archive(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        member.size = 2 if kind == tarfile.REGTYPE else 0
        archive.addfile(member, io.BytesIO(b"hi"))
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["munge/apply.yaml", "./munge/apply.yaml"])
def test_plain_files_are_read_by_their_paths(name: str) -> None:
    assert files_of_archive(_archive(name)) == {"munge/apply.yaml": b"hi"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("inside/../../outside", tarfile.REGTYPE),
        ("/tmp/outside", tarfile.REGTYPE),
        (".", tarfile.REGTYPE),
        ("link", tarfile.SYMTYPE),
        ("hard", tarfile.LNKTYPE),
        ("device", tarfile.CHRTYPE),
        ("folder", tarfile.DIRTYPE),
    ],
)
def test_what_leads_out_is_refused(name: str, kind: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="no plain file"):
        files_of_archive(_archive(name, kind))


@pytest.mark.parametrize("content", [b"", b"no archive", _archive("a")[:600]])
def test_what_is_no_whole_archive_is_refused(content: bytes) -> None:
    with pytest.raises(ArchiveRefused):
        files_of_archive(content)
