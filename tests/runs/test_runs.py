"""What a caller sees of runs on real hosts."""

from pathlib import Path

import pytest

from services.runner.schema import SCHEMA
from tests.runs.platform import Platform, Runner, element, files_below, states

GREETING = {"text": "{{ 7 * 7 }} hello", "folder": "/nowhere"}


@pytest.fixture
async def runner(platform: Platform, fresh_database):
    async with platform.runner(await fresh_database(SCHEMA)) as one:
        yield one


@pytest.fixture
def greeting(tmp_path: Path) -> dict[str, str]:
    return {"text": "{{ 7 * 7 }} hello", "folder": str(tmp_path)}


async def test_apply_changes_then_changes_nothing_then_verifies(
    runner: Runner, greeting: dict[str, str], tmp_path: Path
) -> None:
    hosts = ["head", "c1", "c2"]
    first = await runner.run([element("greeting", hosts, greeting)])
    assert (first["state"], first["reason"]) == ("succeeded", None)
    assert states(first) == {("greeting", host): "changed" for host in hosts}
    assert (tmp_path / "c1.txt").read_text() == "{{ 7 * 7 }} hello from demo at 10.99.7.11\n"

    again = await runner.run([element("greeting", hosts, greeting)])
    assert set(states(again).values()) == {"ok"}
    verified = await runner.run([element("greeting", hosts, greeting)], phase="verify")
    assert (verified["state"], verified["phase"]) == ("succeeded", "verify")


async def test_what_fails_and_who_does_not_answer_drops_out_and_the_others_go_on(
    runner: Runner, greeting: dict[str, str]
) -> None:
    hosts = ["head", "c1", "c2", "dead"]
    run = await runner.run(
        [
            element("greeting", hosts, greeting),
            element("failing", hosts, {"on": ["c2"]}),
            element("last", hosts),
        ]
    )
    assert run["state"] == "failed"
    assert "2 of 4 hosts" in run["reason"] and "dead did not answer" in run["reason"]
    assert "c2 was told to fail" in run["reason"]
    assert states(run) == {
        **{("greeting", host): "changed" for host in ("head", "c1", "c2")},
        ("greeting", "dead"): "unreachable",
        **{("failing", host): "ok" for host in ("head", "c1")},
        ("failing", "c2"): "failed",
        ("failing", "dead"): "skipped",
        **{("last", host): "ok" for host in ("head", "c1")},
        ("last", "c2"): "skipped",
        ("last", "dead"): "skipped",
    }


async def test_an_element_whose_only_host_fails_does_not_stop_the_others(runner: Runner) -> None:
    run = await runner.run([element("failing", ["head"], {"on": ["head"]}), element("last", ["head", "c1", "c2"])])
    assert states(run) == {
        ("failing", "head"): "failed",
        ("last", "head"): "skipped",
        ("last", "c1"): "ok",
        ("last", "c2"): "ok",
    }


async def test_who_has_not_seen_the_end_of_an_element_is_not_called_ok(runner: Runner) -> None:
    values = {"first": ["head"], "second": ["c1", "c2"]}
    run = await runner.run([element("two-plays", ["head", "c1", "c2"], values), element("last", ["c1"])])
    found = states(run)
    assert found["two-plays", "head"] == "failed"
    assert found["two-plays", "c1"] == found["two-plays", "c2"] == found["last", "c1"] == "skipped"


async def test_a_failure_before_an_always_block_is_a_failure(runner: Runner) -> None:
    run = await runner.run([element("always", ["c1"]), element("last", ["c1"])])
    assert states(run) == {("always", "c1"): "failed", ("last", "c1"): "skipped"}


async def test_events_and_log_tell_each_task_on_each_host(runner: Runner, greeting: dict[str, str]) -> None:
    run = await runner.run([element("greeting", ["c1", "c2"], greeting), element("last", ["c1"])])
    answer = await runner.get(f"/internal/runs/{run['id']}/events")
    events = answer["items"]
    assert answer["complete"] and [event["number"] for event in events] == list(range(1, len(events) + 1))
    tasks = [(e["element"], e["host"], e["task"], e["state"]) for e in events if e["kind"] == "task"]
    assert ("greeting", "c1", "Write it", "changed") in tasks and ("last", "c1", "Say it", "ok") in tasks
    assert [(e["kind"], e["state"]) for e in events][-1] == ("run", "succeeded")
    log = await runner.log(run["id"])
    last = next(cell for cell in run["cells"] if cell["element"] == "last")
    assert "TASK [Say it]" in log
    assert log[last["log_offset"] :].startswith("ok: [c1]")
    later = await runner.get(f"/internal/runs/{run['id']}/events", after=events[-2]["number"])
    assert [event["number"] for event in later["items"]] == [events[-1]["number"]]


async def test_secrets_are_masked_everywhere(runner: Runner, platform: Platform) -> None:
    token = await platform.secret("keeper/token")
    run = await runner.run([element("keeper", ["c1"], secrets=["token"])])
    assert run["state"] == "failed" and "the token is ********" in run["reason"]
    log = await runner.log(run["id"])
    events = await runner.get(f"/internal/runs/{run['id']}/events")
    assert "as ********" in log and '"token": "********"' in log
    assert any("plain ********" in (event.get("message") or "") for event in events["items"])
    for text in (log, str(run), str(events)):
        assert token not in text and token.rstrip("=") not in text


async def test_nothing_of_a_run_is_left_on_the_disk(runner: Runner, platform: Platform, tmp_path: Path) -> None:
    token = await platform.secret("keeper/token")
    before = set(files_below(tmp_path))
    await runner.run([element("keeper", ["c1"], secrets=["token"])])
    new = set(files_below(tmp_path)) - before
    assert not new
    assert list((tmp_path / "sockets").iterdir()) == []
    assert token not in "".join(path.read_text(errors="replace") for path in before)


async def test_the_same_run_twice_is_one_run(runner: Runner) -> None:
    body = runner.request([element("last", ["c1"])])
    answers = [await runner.post("/internal/runs", body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["created_at"] == answers[1].json()["created_at"]
    assert (await runner.finish(body["run_id"]))["state"] == "succeeded"
    assert (await runner.post("/internal/runs", body)).json()["state"] == "succeeded"


async def test_everything_wrong_is_said_at_once(runner: Runner) -> None:
    elements = [element("../last", ["c1", "c9"]), element("last", [])]
    body = runner.request(elements, phase="explode")
    refused = await runner.post("/internal/runs", body)
    pointers = {error["pointer"] for error in refused.json()["errors"]}
    assert refused.status_code == 422
    assert {"/phase", "/elements/0/name", "/elements/0/hosts", "/elements/1/hosts"} <= pointers


async def test_an_element_that_is_not_there_fails_the_run_with_its_name(runner: Runner) -> None:
    run = await runner.run([element("nowhere", ["c1"])])
    assert run["state"] == "failed" and "nowhere" in run["reason"]
    assert states(run) == {("nowhere", "c1"): "skipped"}


async def test_another_project_sees_nothing(runner: Runner, platform: Platform) -> None:
    run_id = await runner.start([element("last", ["c1"])])
    stranger = platform.authority.pass_for("usr_2", "runner", projects={"prj_b": ["run.control"]}, service="cluster")
    for path in (run_id, f"{run_id}/events", f"{run_id}/log", "run_nothing"):
        assert (await runner.client.get(f"/internal/runs/{path}", headers=stranger)).status_code == 404
    assert (await runner.client.post(f"/internal/runs/{run_id}/cancel", headers=stranger)).status_code == 404
    assert (await runner.finish(run_id))["state"] == "succeeded"


async def test_a_run_whose_mandate_came_along_needs_no_authz(platform: Platform, fresh_database) -> None:
    services = {**platform.services, "authz": "http://127.0.0.1:9"}
    async with platform.runner(await fresh_database(SCHEMA), services=services) as runner:
        for mandate in (None, platform.mandate("cluster"), platform.mandate("runner", operation_id="op_other")):
            body = runner.request([element("last", ["c1"])], mandate=mandate)
            assert (await runner.post("/internal/runs", body)).status_code == 503
        run = await runner.run([element("last", ["c1"])], mandate=platform.mandate("runner"))
        assert run["state"] == "succeeded", run["reason"]
