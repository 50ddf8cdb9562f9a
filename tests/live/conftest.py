"""A customer and an operator of the platform on the real cloud."""

import pytest

from cloudpoint import Client
from tests.live.lab import Lab


@pytest.fixture(scope="session")
def customer(lab: Lab) -> Client:
    return lab.customer()


@pytest.fixture(scope="session")
def operator(lab: Lab) -> Client:
    return lab.operator()
