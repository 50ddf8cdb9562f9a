"""Every route of every service says who may ask, in words that the dictionary of permissions knows."""

import importlib
from pathlib import Path

import pytest

from services.chassis.routing import Exposure, Route
from services.contracts.permissions import (
    EVERYBODY,
    MANDATES,
    MAY_CALL,
    NARROWED,
    PERMISSIONS,
    ROLES,
    SERVICE_GRANTS,
    STANDING,
)

OPEN = {("identity", "POST", "/v1/sessions")}
"""The routes that anybody may call, each a decision."""

FOLDER = Path(__file__).parents[2] / "services"
SERVICES = sorted(path.parent.name for path in FOLDER.glob("*/main.py"))


def routes() -> list[tuple[str, Route]]:
    services = (importlib.import_module(f"services.{name}.main").SERVICE for name in SERVICES)
    return [(service.name, route) for service in services for route in service.routes]


def named(service: str, route: Route) -> str:
    return f"{service}: {route.method} {route.path}"


def test_the_services_that_decide_are_there() -> None:
    assert {"authz", "identity", "secrets"} <= set(SERVICES)


def test_each_route_has_exactly_one_policy() -> None:
    for service, route in routes():
        assert isinstance(route.exposure, Exposure), named(service, route)
        assert sum((route.permission is not None, bool(route.callers), route.open)) == 1, named(service, route)


def test_each_permission_is_in_the_dictionary_and_its_services_own() -> None:
    for service, route in routes():
        if route.permission is not None:
            assert route.permission in PERMISSIONS, named(service, route)
            assert PERMISSIONS[route.permission].service == service, named(service, route)


def test_what_only_mandates_hold_is_asked_for_on_internal_routes_only() -> None:
    for service, route in routes():
        if route.permission is not None and PERMISSIONS[route.permission].inside:
            assert route.exposure is Exposure.INTERNAL, named(service, route)


def test_callers_are_services_that_may_call() -> None:
    for service, route in routes():
        for caller in route.callers:
            assert service in MAY_CALL.get(caller, frozenset()) or caller == service, named(service, route)


def test_open_routes_are_those_that_were_decided() -> None:
    found = {(service, route.method, route.path) for service, route in routes() if route.open}
    assert found == OPEN


def test_internal_paths_are_internal_and_only_they() -> None:
    for service, route in routes():
        assert (route.exposure is Exposure.INTERNAL) == route.path.startswith("/internal/"), named(service, route)


def test_each_permission_is_used_by_a_route_of_its_service() -> None:
    used = {route.permission for _service, route in routes()}
    unused = {name for name, one in PERMISSIONS.items() if one.service in SERVICES and name not in used}
    asked_by_hand = {"project.read"}
    assert unused <= asked_by_hand, f"no route asks for {sorted(unused - asked_by_hand)}"


def test_no_two_routes_share_an_address_or_a_name() -> None:
    addresses: dict[tuple[str, str], str] = {}
    names: dict[str, str] = {}
    for service, route in routes():
        where = named(service, route)
        if route.exposure is not Exposure.INTERNAL:
            assert addresses.setdefault((route.method, route.path), where) == where
        assert names.setdefault(route.name, where) == where


@pytest.mark.parametrize(
    "names",
    [
        *[role.permissions for role in ROLES.values()],
        *[kind.grants | {kind.requires} for kind in MANDATES.values()],
        *[standing.grants for standing in STANDING.values()],
        *[service.grants for service in SERVICE_GRANTS.values()],
        EVERYBODY,
        NARROWED,
    ],
)
def test_the_dictionary_names_only_what_it_describes(names: frozenset[str]) -> None:
    assert names <= set(PERMISSIONS)


def test_no_role_holds_what_only_mandates_hold() -> None:
    for name, role in ROLES.items():
        assert not {held for held in role.permissions if PERMISSIONS[held].inside}, name
