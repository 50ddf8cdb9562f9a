"""Fixtures that every test may use, and how tests are shared among processes."""

import pytest

from tests.support.sharing import share_out

pytest_plugins = ["tests.support.servers"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    share_out(items, str(config.rootpath))
