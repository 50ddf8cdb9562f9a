"""A child's output is passed on while it runs, and it does not outlive its deadline."""

import subprocess
import sys
import time
from pathlib import Path

from lab.launcher.following import follow


def run(folder: Path, program: str, deadline_seconds: float) -> tuple[int | None, list[tuple[str, float]]]:
    """The exit code of a Python program, and each line that was said with the seconds after the start."""
    output, said, begun = folder / "output", [], time.monotonic()
    with output.open("wb") as out, output.open() as printed:
        child = subprocess.Popen([sys.executable, "-u", "-c", program], stdout=out)
        code = follow(child, printed, lambda line: said.append((line, time.monotonic() - begun)), deadline_seconds)
    return code, said


def test_lines_are_said_whole_and_while_the_child_runs(tmp_path: Path) -> None:
    talk = "print('one', end=''); time.sleep(1); print(' two'); time.sleep(2); print('three')"
    code, said = run(tmp_path, f"import sys, time; {talk}; sys.exit(7)", 30)
    assert code == 7 and [line for line, _ in said] == ["one two", "three"]
    assert said[1][1] - said[0][1] > 1


def test_a_child_is_killed_at_its_deadline_though_a_grandchild_keeps_the_file_open(tmp_path: Path) -> None:
    program = "import subprocess, time\nprint('begun'); subprocess.Popen(['sleep', '5']); time.sleep(60)"
    begun = time.monotonic()
    code, said = run(tmp_path, program, 2)
    assert code is None and [line for line, _ in said] == ["begun"]
    assert time.monotonic() - begun < 30
