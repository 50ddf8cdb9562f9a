"""Builds that several tests look at: ordered before all tests, and followed while others run."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.contract.openstack.api import Answer, Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.groups import Heat, Seen, order
from tests.contract.openstack.stage import NAME, Stage, node_of, until

NOVA = "2.96"
BATCH = f"{NAME}-compute-0"
HOSTS = ("h-1", "h-2")


@dataclass(frozen=True)
class Batch:
    """A batch that stands: its path, the states on the way, and what Heat answered to the order."""

    path: str
    states: list[str]
    answer: Any

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]


def batch_of(heat: Heat) -> Batch:
    """Order a batch of two machines and wait until it stands."""
    answer = heat.ask("POST", "/stacks", order(heat.cloud, BATCH, list(HOSTS)))
    path = f"/stacks/{BATCH}/{answer.of(201)['stack']['id']}"
    return Batch(path, heat.reach(path, "CREATE_COMPLETE", "CREATE_FAILED", seconds=60), answer)


def server_body(stage: Stage, called: str, **fields: Any) -> dict[str, Any]:
    """The body of a create on the suite's own flavor and the shared network."""
    usual = {"flavorRef": stage.flavor_id, "imageRef": stage.image_id, "networks": [{"uuid": stage.network_id}]}
    return {"server": {"name": called, **usual, "metadata": {"from": NAME}, "config_drive": True, **fields}}


def show(api: Api, server_id: str, version: str = NOVA) -> Answer:
    return api.get("compute", f"/servers/{server_id}", version=version)


def carrier(system: Api, stage: Stage, server_id: str) -> Any:
    """The node that carries a server."""
    nodes = [node_of(system, node) for node in stage.workers.values()]
    return next((node for node in nodes if node["instance_uuid"] == server_id), None)


class Life:
    """A server from its order on, and the states that were seen of it and of its node."""

    def __init__(self, member: Api, system: Api, stage: Stage, cloud: Cloud) -> None:
        self.member, self.system, self.stage, self.cloud = member, system, stage, cloud
        self.answer = member.post("compute", "/servers", server_body(stage, f"{NAME}-life"), version=NOVA)
        self.id = str(self.answer.of(202)["server"]["id"])
        self.server_states, self.node_states = Seen(), Seen()
        self.node_id = ""
        until(self._built, 60 * cloud.patience, "the server is active")

    def run(self) -> None:
        """Start the server if it was stopped."""
        status = lambda: show(self.member, self.id).of(200)["server"]["status"]  # noqa: E731
        if status() == "SHUTOFF":
            self.member.post("compute", f"/servers/{self.id}/action", {"os-start": None}, version=NOVA).of(202)
            until(lambda: status() == "ACTIVE", 60 * self.cloud.patience, "the server runs")

    def _built(self) -> bool:
        server = show(self.member, self.id).of(200)["server"]
        state = (server["status"], server["OS-EXT-STS:task_state"])
        self.server_states.note(state)
        node = carrier(self.system, self.stage, self.id)
        if node:
            self.node_id = node["uuid"]
            self.node_states.note((node["provision_state"], node["target_provision_state"]))
        assert state[0] != "ERROR", server["fault"]
        return state == ("ACTIVE", None)


class Builds:
    """The batch and the server; whoever asks for one waits until it stands."""

    def __init__(self, cloud: Cloud, stage: Stage) -> None:
        self._cloud, self._stage = cloud, stage
        self._pool = ThreadPoolExecutor(2)
        system = cloud.api(cloud.access("system"))
        self.batch: Future[Batch] = self._pool.submit(batch_of, Heat(cloud.api(stage.access), cloud))
        self.life: Future[Life] = self._pool.submit(Life, cloud.api(stage.access), system, stage, cloud)

    def remove(self) -> None:
        """Have the cloud take back what was built; what failed was told to whoever asked for it.

        By a new log-in: Heat works with the token of the order, and a test may have had those before it revoked.
        """
        self._pool.shutdown()
        member = self._cloud.api(self._stage.access)
        if not self.life.exception():
            member.delete("compute", f"/servers/{self.life.result().id}")
        if not self.batch.exception():
            Heat(member, self._cloud).remove(self.batch.result().path)
