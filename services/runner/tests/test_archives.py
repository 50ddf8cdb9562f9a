"""What is unpacked from an archive: plain files below its folder, and nothing else."""

import io
import tarfile
from pathlib import Path

import pytest

from services.runner.adapters.archives import _unpacked


def _archive(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        member.size = 2 if kind == tarfile.REGTYPE else 0
        archive.addfile(member, io.BytesIO(b"hi"))
    return buffer.getvalue()


def test_plain_files_are_unpacked_below_the_cache(tmp_path: Path) -> None:
    folder = _unpacked(_archive("munge/apply.yaml"), tmp_path / "cache")
    assert (folder / "munge/apply.yaml").read_bytes() == b"hi"
    assert _unpacked(_archive("munge/apply.yaml"), tmp_path / "cache") == folder


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("/tmp/outside", tarfile.REGTYPE),
        ("link", tarfile.SYMTYPE),
        ("hard", tarfile.LNKTYPE),
        ("device", tarfile.CHRTYPE),
    ],
)
def test_what_leads_out_is_refused_and_leaves_nothing(tmp_path: Path, name: str, kind: bytes) -> None:
    with pytest.raises(ValueError, match="no plain file"):
        _unpacked(_archive(name, kind), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
