"""Retries, idempotency keys, pages, problems."""

import pytest

from clients.cli.tests.examples import cluster, page, project
from clients.cli.tests.served import Api
from cloudpoint import ApiProblem, Client, ConnectionFailed, UnreadableAnswer
from cloudpoint.sdk import transport


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PAUSE_SECONDS", 0.01)


def test_a_post_is_tried_again_with_the_same_key(api: Api) -> None:
    api.problem("POST", "/v1/clusters", 503, "unavailable")
    api.problem("POST", "/v1/clusters", 429, "too-many", retry="1")
    api.answer("POST", "/v1/clusters", {"operation_id": "op_1", "cluster_id": "clu_1"}, 202)
    assert Client(api.url, "cpt_x").clusters.create("prj_1", "demo", blueprint="slurm").operation_id == "op_1"
    keys = {asked.headers["Idempotency-Key"] for asked in api.asked}
    assert len(api.asked) == 3
    assert len(keys) == 1
    assert {asked.headers["Authorization"] for asked in api.asked} == {"Bearer cpt_x"}


def test_two_posts_have_two_keys(api: Api) -> None:
    api.answer("POST", "/v1/clusters", {"operation_id": "op_1", "cluster_id": "clu_1"}, 202)
    client = Client(api.url)
    client.clusters.create("prj_1", "demo", blueprint="slurm")
    client.clusters.create("prj_1", "demo", blueprint="slurm")
    assert len({asked.headers["Idempotency-Key"] for asked in api.asked}) == 2


def test_a_long_wait_is_left_to_the_caller(api: Api) -> None:
    api.answer("GET", "/v1/me", {"title": "Slower", "status": 429, "detail": "Wait."}, 429, Retry_After="3600")
    with pytest.raises(ApiProblem) as caught:
        Client(api.url).sessions.me()
    assert caught.value.status == 429
    assert len(api.asked) == 1


def test_a_refusal_is_not_tried_again_and_tells_all_errors(api: Api) -> None:
    errors = [{"pointer": "/name", "message": "bad", "hint": "Say b."}, {"pointer": "/cloud", "message": "none"}]
    api.problem("POST", "/v1/plans", 422, "invalid-request", errors=errors)
    with pytest.raises(ApiProblem) as caught:
        Client(api.url).plans.create("prj_1", "x", "slurm")
    assert [error.pointer for error in caught.value.document.errors] == ["/name", "/cloud"]
    assert len(api.asked) == 1


def test_nobody_there() -> None:
    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:1"):
        Client("http://127.0.0.1:1").sessions.me()


def test_pages_follow_the_cursor(api: Api) -> None:
    api.answer("GET", "/v1/clusters?project=prj_1", page(cluster(id="clu_1"), cursor="c1"))
    api.answer("GET", "/v1/clusters?project=prj_1&cursor=c1", page(cluster(id="clu_2")))
    found = Client(api.url).clusters.list(project="prj_1", state=None)
    assert [item.id for item in found] == ["clu_1", "clu_2"]


def test_unknown_fields_are_ignored_and_kept_in_raw(api: Api) -> None:
    item = b'{"id":"prj_1","organisation_id":"o","name":"n","created_at":"2026-01-01T00:00:00Z", "new":1}'
    api.answer("GET", "/v1/projects", b'{"items": [ ' + item + b"]}")
    (found,) = Client(api.url).projects.list()
    assert found.name == "n"
    assert found.raw == item


def test_an_answer_that_lacks_a_field(api: Api) -> None:
    api.answer("GET", "/v1/projects", page({**project(), "name": 7}))
    with pytest.raises(UnreadableAnswer, match="GET /v1/projects"):
        list(Client(api.url).projects.list())


def test_an_error_that_is_no_problem_document(api: Api) -> None:
    api.answer("GET", "/v1/me", b"<html>proxy</html>", 418)
    with pytest.raises(ApiProblem, match="418: <html>proxy"):
        Client(api.url).sessions.me()
