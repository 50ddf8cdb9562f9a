"""One real cloud for all tests of a session. `make lab-test` says where; without it whoever asks for it is skipped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.lab import PORT_SHIFT, Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A running platform on a real OpenStack; destroyed at the end unless CLOUDPOINT_LIVE_KEEP is set."""
    state = os.environ.get("CLOUDPOINT_LIVE")
    if not state:
        pytest.skip("needs a real OpenStack: run `make lab-test`")
    started = Lab(Path(state), int(os.environ.get("CLOUDPOINT_LIVE_PORT_SHIFT", PORT_SHIFT)))
    try:
        started.start()
        yield started
    finally:
        if not os.environ.get("CLOUDPOINT_LIVE_KEEP"):
            started.destroy()
