"""What was published, unpacked on this machine."""

import io
import tarfile
from pathlib import Path

import pytest

from services.chassis.archive import ArchiveRefused
from services.runner.adapters.archives import _unpacked


def _archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2
            archive.addfile(member, io.BytesIO(b"hi"))
    return buffer.getvalue()


def test_plain_files_are_unpacked_below_the_cache(tmp_path: Path) -> None:
    folder = _unpacked(_archive("munge/apply.yaml"), tmp_path / "cache")
    assert (folder / "munge/apply.yaml").read_bytes() == b"hi"
    assert _unpacked(_archive("munge/apply.yaml"), tmp_path / "cache") == folder


def test_what_leads_out_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="no plain file"):
        _unpacked(_archive("munge/apply.yaml", "../outside"), tmp_path / "cache")
    assert not (tmp_path / "outside").exists()
    assert not list(tmp_path.glob("cache/*"))
