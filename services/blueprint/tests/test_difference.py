"""Differences are what patch(1) takes, and cost little for files of any kind."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.blueprint.domain.difference import difference
from services.blueprint.domain.files import archive_of

_lines = st.lists(st.sampled_from(["a", "b", "c", "{", "}", ""]), max_size=30)


def told(before: str, after: str) -> str:
    folders = (archive_of({"file": before.encode()}), archive_of({"file": after.encode()}))
    found = difference("x", "1.0.0", "2.0.0", folders, ({}, {}))
    return "".join(one.lines for one in found.files)


@settings(max_examples=30, deadline=None)
@given(_lines, _lines)
def test_a_patch_made_of_it_leads_from_one_to_the_other(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]
) -> None:
    before, after = ("".join(f"{line}\n" for line in lines) for lines in (old, new))
    place = tmp_path_factory.mktemp("patch") / "file"
    place.write_text(before)
    lines = told(before, after)
    if lines:
        subprocess.run(["patch", "-s", "-F", "0", str(place)], input=lines, text=True, check=True, timeout=10)
    assert (place.read_text() if place.exists() else "") == after


def test_a_change_far_down_has_its_line() -> None:
    before = [f"{number}\n" for number in range(5000)]
    after = [*before[:4000], "new\n", *before[4001:]]
    assert "@@ -3998,7 +3998,7 @@" in told("".join(before), "".join(after))


def test_long_files_that_share_nothing_are_told_as_changed(tmp_path: Path) -> None:
    before, after = ("".join(f"{word}{n % 7}\n" for n in range(3000)) for word in ("a", "b"))
    assert told(before, after).count("\n") == 6003
