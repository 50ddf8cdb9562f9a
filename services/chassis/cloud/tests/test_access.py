"""Sessions and bounded threads, against a cloud's real HTTP."""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest
import yaml
from keystoneauth1.exceptions import ConnectFailure, DiscoveryFailure, HttpError, Unauthorized

from lab.simcloud.tests.running import CLOUD_PORTS, RunningCloud
from services.chassis import deadline
from services.chassis.cloud import CloudAccess, CloudFailure, CloudThreads
from tests.support.ports import free_range


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    folder = tmp_path_factory.mktemp("cloud")
    running = RunningCloud("alpha", folder / "state", free_range(CLOUD_PORTS), "10.99.4.0/24")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def access(cloud: RunningCloud) -> CloudAccess:
    entry = yaml.safe_load(cloud.clouds_file.read_text())["clouds"]["admin"]
    return CloudAccess("v3password", entry["auth"], cloud.name, call_seconds=5)


@pytest.fixture
def threads() -> Iterator[CloudThreads]:
    made = CloudThreads(threads=2)
    yield made
    made.close()


def stacks(threads: CloudThreads, access: CloudAccess) -> int:
    """Return the status that Heat answers to a list; raises what keystoneauth raises."""
    filters = {"service_type": "orchestration", "region_name": access.region, "interface": access.interface}
    return int(threads.session(access).get("/stacks", endpoint_filter=filters).status_code)


async def test_a_session_logs_in_and_finds_its_way(threads: CloudThreads, access: CloudAccess) -> None:
    assert await threads.run(10, stacks, threads, access) == 200


async def test_the_same_access_shares_a_session_and_its_clients(threads: CloudThreads, access: CloudAccess) -> None:
    same = msgspec.structs.replace(access, auth=dict(reversed(access.auth.items())))
    other = msgspec.structs.replace(access, auth={**access.auth, "password": "another"})
    assert threads.session(access) is threads.session(same)
    assert threads.session(access) is not threads.session(other)
    made = [threads.client(one, "kind", lambda session, _access: (session,)) for one in (access, same, other)]
    assert made[0] is made[1] and made[2][0] is threads.session(other)


async def test_a_log_in_may_be_renewed_while_others_use_it(threads: CloudThreads, access: CloudAccess) -> None:
    ended, interval = threading.Event(), sys.getswitchinterval()

    def renew() -> None:
        while not ended.is_set():
            threads.renew(access)

    def use() -> list[str | None]:
        try:
            return [threads.session(access).get_token() for _ in range(100)]
        finally:
            ended.set()

    sys.setswitchinterval(1e-6)
    try:
        _, tokens = await asyncio.gather(threads.run(30, renew), threads.run(30, use))
    finally:
        sys.setswitchinterval(interval)
    assert all(tokens)


def test_a_log_in_that_was_just_renewed_does_for_who_says_so(threads: CloudThreads, access: CloudAccess) -> None:
    def token_after(**how: float) -> str | None:
        threads.renew(access, **how)
        return threads.session(access).get_token()

    first = token_after(unless_within_seconds=60)
    assert first and token_after(unless_within_seconds=60) == first
    second = token_after()
    assert second not in (None, first) and token_after(unless_within_seconds=60) == second
    assert token_after(unless_within_seconds=0.0) != second


async def test_what_the_cloud_says_passes_through(threads: CloudThreads, access: CloudAccess) -> None:
    wrong = msgspec.structs.replace(access, auth={**access.auth, "password": "another"})
    with pytest.raises(Unauthorized):
        await threads.run(10, stacks, threads, wrong)
    with pytest.raises(HttpError) as missing:
        await threads.run(10, threads.session(access).get, f"{access.auth['auth_url']}/nothing")
    assert missing.value.http_status == 404


async def test_silence_ends_with_the_limit_and_with_the_requests_deadline(threads: CloudThreads) -> None:
    free = threading.Event()
    try:
        with pytest.raises(CloudFailure, match="did not answer in 0 s"):
            await threads.run(0.1, free.wait, 10)
        deadline.begin(0.1, None)
        began = time.monotonic()
        with pytest.raises(CloudFailure):
            await threads.run(30, free.wait, 10)
        assert time.monotonic() - began < 5
    finally:
        deadline.end()
        free.set()


async def test_no_more_calls_run_at_once_than_there_are_threads(threads: CloudThreads) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def call() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.05)
        with lock:
            inside -= 1

    await asyncio.gather(*(threads.run(10, call) for _ in range(6)))
    assert most == 2


async def test_a_cloud_that_is_away_is_noticed(threads: CloudThreads, access: CloudAccess) -> None:
    away = msgspec.structs.replace(access, auth={**access.auth, "auth_url": "http://127.0.0.1:1/v3"})
    with pytest.raises((ConnectFailure, DiscoveryFailure)):
        await threads.run(10, stacks, threads, away)
