"""A part of the platform is away for ten minutes: what runs goes on, and what was missed is caught up with."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import httpx
import pytest

from cloudpoint import ApiProblem, Client
from cloudpoint.generated import types
from services.chassis.auth.contact import LATE_READ_SECONDS, LOG_IN_SECONDS
from tests.e2e.faults.campaign import Campaign
from tests.e2e.faults.job import Job
from tests.e2e.faults.scene import Scene
from tests.e2e.platform import OTHER_CLOUD, awaited, raw

pytestmark = [pytest.mark.machines, pytest.mark.slow]
_QUICK_SECONDS = 90.0
_PASS_SECONDS = 60.0
_TOLD_EVERY_SECONDS = 60.0
_BACK_SECONDS = 30.0
_REVOKED_SECONDS = 15.0
"""A revocation is pulled every ten seconds where it is not heard of."""
_AS_OF = "Permissions-As-Of"
_CAUGHT_UP_SECONDS = 60.0


@pytest.fixture(scope="module")
def away_seconds(request: pytest.FixtureRequest) -> float:
    campaign = Campaign.of(request.config)
    return campaign.away_seconds if campaign else _QUICK_SECONDS


@pytest.fixture(scope="module")
def standing(whole_scene: Scene) -> Iterator[types.Accepted]:
    """A Slurm cluster that runs all the time, on the other cloud."""
    build = whole_scene.begin("standing", cloud=OTHER_CLOUD, blueprint="slurm")
    operation = whole_scene.ended(build.operation_id)
    assert operation.state == "succeeded", operation.reason
    whole_scene.kept.add(build.cluster_id)
    yield build
    whole_scene.kept.discard(build.cluster_id)
    whole_scene.delete(build)


@dataclass
class Outage:
    """A part is away: what is asked of the platform meanwhile, and afterwards."""

    scene: Scene
    seconds: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self.begun

    def last(self, each_look: Callable[[], None]) -> None:
        """Ask again and again until it has lasted as long as it is to."""
        told = 0.0
        while self.age_seconds < self.seconds:
            each_look()
            if self.age_seconds - told > _TOLD_EVERY_SECONDS:
                told = self.age_seconds
                sys.stdout.write(f"\n  away for {told:.0f} of {self.seconds:.0f} s")
            time.sleep(2.0)

    def read(self) -> httpx.Response:
        """Read what one is permitted to read all the time; it is answered."""
        answer = raw(self.scene.customer, "GET", "/v1/clusters")
        assert answer.status_code == 200, (round(self.age_seconds), answer.status_code, answer.text)
        return answer

    def write(self) -> int:
        """Change something, and return the status of the answer."""
        wish = {"project": self.scene.project.id, "name": "later", "blueprint": "small"}
        body = {**wish, "parameters": self.scene.parameters}
        answer = raw(self.scene.customer, "POST", "/v1/plans", json=body, headers={"Idempotency-Key": str(time.time())})
        return answer.status_code

    def log_in(self) -> tuple[int, str]:
        """Try to log in once, and return the status and what is said. Who tries too often is put off."""
        time.sleep(2.0)
        body = {"email": "alice@example.org", "password": self.scene.platform.password("customer")}
        answer = httpx.post(f"{self.scene.platform.public_url}/v1/sessions", json=body, timeout=30)
        return answer.status_code, answer.text


@pytest.fixture
def person(scene: Scene) -> Iterator[tuple[types.User, Client]]:
    """Another member of the project, logged in; restored at the end."""
    email, password = f"eve-{int(time.time())}@example.org", "correct horse battery staple"
    user = scene.administrator.users.create(email, "Eve", password)
    scene.administrator.projects.set_member(scene.project.id, email, "member")
    client = scene.platform.logged_in(scene.platform.public_url, email, password)
    assert list(client.clusters.list()) is not None
    yield user, client


def test_authz_is_away(
    scene: Scene, standing: types.Accepted, away_seconds: float, person: tuple[types.User, Client]
) -> None:
    user, client = person
    job = Job.begun(scene, standing)
    build = scene.begin("unasked", until="create_machines")
    list(scene.administrator.users.list())
    with scene.harm.away("authz"):
        outage = Outage(scene, away_seconds)
        outage.read()
        assert scene.administrator.users.set_state(user.id, "suspended").state == "suspended"
        assert scene.ended(build.operation_id).state == "succeeded"
        scene.stands_once(build)
        outage.last(lambda: _reads_say_of_when_they_are(outage))
        assert outage.write() in (401, 503)
        status, said = outage.log_in()
        assert (status, "log in" in said) == (503, True) or away_seconds < LOG_IN_SECONDS, said
    awaited(outage.log_in, lambda answer: answer[0] == 201, _BACK_SECONDS)
    awaited(lambda: _status(client), _is_refused, _BACK_SECONDS)
    awaited(outage.write, lambda status: status == 201, _BACK_SECONDS)
    assert _AS_OF not in outage.read().headers
    job.went_on()
    _history_is_whole(scene, build)
    scene.delete(build)


def test_identity_is_away(scene: Scene, standing: types.Accepted, away_seconds: float) -> None:
    job = Job.begun(scene, standing)
    build = scene.begin("nameless", until="create_machines")
    with scene.harm.away("identity"):
        outage = Outage(scene, away_seconds)
        assert scene.ended(build.operation_id).state == "succeeded"
        scene.stands_once(build)
        deletion = scene.customer.clusters.delete(build.cluster_id)
        outage.last(lambda: _reads_and_writes(outage))
        assert outage.log_in()[0] in (502, 503)
        assert scene.customer.operations.show(deletion.operation_id).state == "running"
    awaited(outage.log_in, lambda answer: answer[0] == 201, _BACK_SECONDS)
    assert scene.ended(deletion.operation_id).state == "succeeded"
    job.went_on()
    _history_is_whole(scene, build, "deleting", "deleted")


@pytest.mark.parametrize("part", ["events", "bus"])
def test_nobody_tells_what_happens(
    scene: Scene, standing: types.Accepted, away_seconds: float, part: str, person: tuple[types.User, Client]
) -> None:
    user, client = person
    job = Job.begun(scene, standing)
    build = scene.begin("untold", until="create_machines")
    with _away(scene, part):
        outage = Outage(scene, away_seconds)
        assert scene.ended(build.operation_id).state == "succeeded"
        scene.stands_once(build)
        assert outage.log_in()[0] == 201
        assert _status(client) == 200
        scene.administrator.users.set_state(user.id, "suspended")
        awaited(lambda: _status(client), _is_refused, _REVOKED_SECONDS)
        scene.delete(build)
        scene.succeeds(second := scene.begin("begun-meanwhile"))
        outage.last(lambda: _reads_and_writes(outage))
    job.went_on()
    _history_is_whole(scene, build, "deleting", "deleted")
    _history_is_whole(scene, second)


def _away(scene: Scene, part: str) -> AbstractContextManager[None]:
    return scene.harm.no_bus() if part == "bus" else scene.harm.away(part)


def _reads_say_of_when_they_are(outage: Outage) -> None:
    answer = outage.read()
    if _PASS_SECONDS + 10 < outage.age_seconds < LATE_READ_SECONDS:
        assert _AS_OF in answer.headers, dict(answer.headers)


def _reads_and_writes(outage: Outage) -> None:
    assert _AS_OF not in outage.read().headers
    assert outage.write() == 201


def _status(client: Client) -> int:
    return raw(client, "GET", "/v1/clusters").status_code


def _is_refused(status: int) -> bool:
    return status in (401, 403)


def _history_is_whole(scene: Scene, build: types.Accepted, *more: str) -> None:
    """All that happened is in the history: numbers without a gap, each state of the cluster in order, nothing waits."""
    wanted = ["building", "ready", *more]
    events = awaited(lambda: _events(scene), lambda found: _states(found, build) == wanted, _CAUGHT_UP_SECONDS)
    numbers = [event.number for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len({event.id for event in events}) == len(events)
    steps = [event.data.get("step") for event in events if event.subject == build.operation_id]
    operation = scene.customer.operations.show(build.operation_id)
    assert {step.name for step in operation.steps} <= set(steps)
    awaited(scene.platform.databases().unsent, lambda waiting: waiting == 0, 60)


def _events(scene: Scene) -> list[types.RecordedEvent]:
    try:
        return list(scene.customer.events.list(scene.project.id, after=0))
    except ApiProblem as problem:
        assert problem.status == 503, problem
        return []


def _states(events: list[types.RecordedEvent], build: types.Accepted) -> list[object]:
    told = [e.data["state"] for e in events if e.type == "cluster.changed" and e.subject == build.cluster_id]
    return [state for index, state in enumerate(told) if index == 0 or told[index - 1] != state]
