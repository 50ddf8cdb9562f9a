"""Fixtures that every test may use, and how tests are shared among processes."""

import pytest

from tests.faults.choice import seed
from tests.support.sharing import Sharing, long_ones_first

pytest_plugins = ["tests.support.servers", "tests.live.running"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        long_ones_first(items, str(config.rootpath))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Sharing:
    return Sharing(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tried = [
        one for reports in terminalreporter.stats.values() for one in reports if isinstance(one, pytest.TestReport)
    ]
    if any(one.nodeid.startswith("tests/faults/test_cells.py") for one in tried):
        terminalreporter.write_line(
            f"tests/faults: the third of seed {seed()} (CLOUDPOINT_FAULTS_SEED chooses another)"
        )
