"""What is refused, how it is said, and that nothing is left behind."""

import time

import jwt
import pytest

from cloudpoint import ApiProblem, Client
from cloudpoint.generated import types
from tests.e2e.platform import Platform, raw

pytestmark = [pytest.mark.machines, pytest.mark.slow]

_NOTHING = "clu_00000000000000000000000000"


@pytest.fixture(scope="module")
def stranger(platform: Platform) -> Client:
    """A member of another project of another organisation."""
    administrator = platform.administrator()
    password = "a long enough password"
    organisation = administrator.organisations.create("elsewhere")
    project = administrator.projects.create(organisation.id, "theirs")
    user = administrator.users.create("mallory@example.org", "Mallory", password)
    administrator.projects.set_member(project.id, user.id, "manager")
    return platform.logged_in(platform.public_url, "mallory@example.org", password)


@pytest.fixture(scope="module")
def plan(customer: Client, project: types.Project, parameters: dict[str, object]) -> types.Plan:
    return customer.plans.create(project.id, "planned", "small", parameters=parameters)


def test_all_errors_of_a_body_are_told_at_once(customer: Client, project: types.Project) -> None:
    body = {"project": project.id, "name": "No Host Name", "blueprint": 7, "surprise": True}
    answer = raw(customer, "POST", "/v1/clusters", json=body, headers={"Idempotency-Key": "a"})
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/name", "/blueprint", ""}


def test_all_errors_of_parameters_are_told_at_once(customer: Client, project: types.Project) -> None:
    wrong = {"compute_count": "many", "unknown": 1, "users": [{"name": "Root!", "ssh_keys": []}]}
    with pytest.raises(ApiProblem) as refused:
        customer.clusters.create(project.id, "wrong", blueprint="small", parameters=wrong)
    pointers = {error.pointer for error in refused.value.document.errors}
    assert refused.value.document.code == "invalid-parameters"
    assert {"/parameters/compute_count", "/parameters/users/0/name", "/parameters/users/0/ssh_keys"} <= pointers
    assert list(customer.clusters.list(name="wrong")) == []


def test_counts_beyond_stock_are_refused(
    customer: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    with pytest.raises(ApiProblem) as refused:
        customer.clusters.create(project.id, "big", blueprint="small", parameters={**parameters, "compute_count": 8})
    assert refused.value.document.code == "does-not-fit" and refused.value.document.hint


@pytest.mark.parametrize("field, value", [("blueprint", "nothing"), ("cloud", "nowhere")])
def test_unknown_things_are_named(
    customer: Client, project: types.Project, parameters: dict[str, object], field: str, value: str
) -> None:
    wishes: dict[str, object] = {"blueprint": "small", "parameters": parameters, field: value}
    with pytest.raises(ApiProblem) as refused:
        customer.clusters.create(project.id, "unknown", **wishes)
    assert [error.pointer for error in refused.value.document.errors] == [f"/{field}"]


def test_another_projects_things_are_the_same_404(customer: Client, stranger: Client, plan: types.Plan) -> None:
    theirs = raw(stranger, "GET", f"/v1/plans/{plan.id}")
    nothing = raw(stranger, "GET", "/v1/plans/pln_00000000000000000000000000")
    assert theirs.status_code == nothing.status_code == 404 and theirs.content == nothing.content
    assert raw(customer, "GET", f"/v1/plans/{plan.id}").status_code == 200


def test_nothing_is_created_in_another_project(
    stranger: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    with pytest.raises(ApiProblem) as refused:
        stranger.clusters.create(project.id, "intruder", blueprint="small", parameters=parameters)
    assert refused.value.status == 404


def test_a_viewer_sees_and_does_not_create(
    platform: Platform, customer: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    password = "a long enough password"
    user = platform.administrator().users.create("victor@example.org", "Victor", password)
    customer.projects.set_member(project.id, user.id, "viewer")
    viewer = platform.logged_in(platform.public_url, "victor@example.org", password)
    assert list(viewer.clusters.list(project=project.id)) == []
    with pytest.raises(ApiProblem) as refused:
        viewer.clusters.create(project.id, "mine", blueprint="small", parameters=parameters)
    assert refused.value.status == 403 and "cluster.create" in refused.value.document.detail


def test_a_suspended_person_is_out_within_a_second(platform: Platform) -> None:
    administrator = platform.administrator()
    password = "a long enough password"
    user = administrator.users.create("sally@example.org", "Sally", password)
    sally = platform.logged_in(platform.public_url, "sally@example.org", password)
    assert raw(sally, "GET", "/v1/me").status_code == 200
    administrator.users.set_state(user.id, "suspended")
    time.sleep(1.0)
    assert raw(sally, "GET", "/v1/me").status_code == 401


def test_operators_routes_are_not_on_the_public_door(platform: Platform) -> None:
    operator = platform.operator()
    public = platform.logged_in(platform.public_url, "operator@example.org", platform.password("operator"))
    assert raw(operator, "GET", "/v1/nodes").status_code == 200
    hidden, nothing = raw(public, "GET", "/v1/nodes"), raw(public, "GET", "/v1/nonsense")
    assert hidden.status_code == nothing.status_code == 404 and hidden.content == nothing.content


@pytest.mark.parametrize("path", ["/internal/capacity", "/internal/token", "/internal/runs/x"])
def test_the_inside_is_on_no_door(platform: Platform, customer: Client, path: str) -> None:
    assert raw(customer, "GET", path).status_code == 404
    assert raw(platform.operator(), "GET", path).status_code == 404


@pytest.mark.parametrize("token", ["", "nonsense", "cpt_01m7z2jx7zy9e4zawh0nn5tccz_wrong"])
def test_tokens_that_are_none_are_refused(platform: Platform, token: str) -> None:
    assert raw(Client(platform.public_url, token), "GET", "/v1/clusters").status_code == 401


def test_an_expired_or_forged_session_is_refused(platform: Platform, customer: Client) -> None:
    claims = jwt.decode(str(customer.transport.token), options={"verify_signature": False})
    forged = jwt.encode({**claims, "exp": claims["exp"] + 10}, "x" * 40, "HS256", headers={"typ": "session+jwt"})
    assert raw(Client(platform.public_url, forged), "GET", "/v1/clusters").status_code == 401
    head, body, _ = str(customer.transport.token).split(".")
    assert raw(Client(platform.public_url, f"{head}.{body}.AAAA"), "GET", "/v1/clusters").status_code == 401


def test_a_body_that_is_too_large_is_refused(customer: Client, project: types.Project) -> None:
    body = {"project": project.id, "name": "x", "blueprint": "y" * 7_000_000}
    assert raw(customer, "POST", "/v1/clusters", json=body, headers={"Idempotency-Key": "b"}).status_code == 413


def test_unknown_query_parameters_are_refused(customer: Client) -> None:
    answer = raw(customer, "GET", "/v1/clusters?limit=many&colour=red")
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"?limit", "?colour"}


def test_a_repeated_request_makes_one_thing(
    customer: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    body = {"project": project.id, "name": "once", "blueprint": "small", "parameters": parameters}
    headers = {"Idempotency-Key": "the-same-one"}
    first = raw(customer, "POST", "/v1/plans", json=body, headers=headers)
    again = raw(customer, "POST", "/v1/plans", json=body, headers=headers)
    other = raw(customer, "POST", "/v1/plans", json={**body, "name": "twice"}, headers=headers)
    assert first.status_code == 201 and again.json()["id"] == first.json()["id"]
    assert other.status_code == 422


def test_creating_needs_an_idempotency_key(
    customer: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    body = {"project": project.id, "name": "keyless", "blueprint": "small", "parameters": parameters}
    answer = raw(customer, "POST", "/v1/clusters", json=body)
    assert answer.status_code == 422 and "Idempotency-Key" in answer.json()["detail"]


def test_nothing_is_left_of_what_was_refused(platform: Platform, customer: Client) -> None:
    assert raw(customer, "GET", f"/v1/clusters/{_NOTHING}").status_code == 404
    assert list(customer.clusters.list()) == [] and platform.servers() == []
