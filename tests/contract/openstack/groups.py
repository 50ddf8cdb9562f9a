"""Stacks as our adapter orders them: the blueprint's own templates, on the suite's fake nodes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.stage import NAME, until

INFRASTRUCTURE = Path(__file__).parents[3] / "blueprints/slurm/infrastructure"
TAGS = ("cloudpoint", "clu_contract", "operation=op_1")
SMALL = {
    "heat_template_version": "2021-04-16",
    "parameters": {"words": {"type": "string", "default": "none"}},
    "resources": {"one": {"type": "OS::Heat::Value", "properties": {"value": {"get_param": "words"}}}},
    "outputs": {"words": {"value": {"get_attr": ["one", "value"]}}},
}


def order(cloud: Cloud, name: str, hosts: list[str], **parameters: Any) -> dict[str, Any]:
    """The body of a create, as heatclient sends it for one batch of machines."""
    given = {
        "hosts": ",".join(hosts),
        "count": len(hosts),
        "image": cloud.image,
        "flavor": NAME,
        "network": cloud.network,
        "user_data": "#cloud-config\n{}\n",
        "metadata": {"cloudpoint_cluster": "clu_contract"},
    }
    return {
        "stack_name": name,
        "template": (INFRASTRUCTURE / "compute.yaml").read_text(),
        "files": {"machine.yaml": (INFRASTRUCTURE / "machine.yaml").read_text()},
        "parameters": given | parameters,
        "tags": ",".join(TAGS),
        "disable_rollback": True,
        "timeout_mins": 120,
    }


def small(name: str, **more: Any) -> dict[str, Any]:
    """The body of a create of a stack that needs no machine."""
    return {"stack_name": name, "template": SMALL, "disable_rollback": True, **more}


@dataclass
class Seen:
    """The states that were seen, in order, each once in a row."""

    states: list[Any] = field(default_factory=list)

    def note(self, state: Any) -> Any:
        """Note a state; returns it."""
        if not self.states or self.states[-1] != state:
            self.states.append(state)
        return state


def in_order(seen: list[Any], order: list[Any]) -> bool:
    """Tell whether what was seen goes through ``order`` forwards, however much of it was missed between two looks."""
    places = [order.index(state) for state in seen if state in order]
    return len(places) == len(seen) and places == sorted(places)


class Heat:
    """One project's Heat, by bare HTTP."""

    def __init__(self, api: Api, cloud: Cloud) -> None:
        self.api = api
        self.cloud = cloud

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request."""
        return self.api.ask(method, "orchestration", path, body)

    def create(self, body: dict[str, Any]) -> str:
        """Order a stack; its path below the endpoint."""
        made = self.ask("POST", "/stacks", body).of(201)["stack"]
        return f"/stacks/{body['stack_name']}/{made['id']}"

    def show(self, path: str) -> Any:
        """The stack as it is now."""
        return self.ask("GET", path).of(200)["stack"]

    def reach(self, path: str, *states: str, seconds: float = 30.0) -> list[str]:
        """Wait for one of the states; returns all that were seen on the way."""
        seen = Seen()
        limit = seconds * self.cloud.patience
        until(lambda: seen.note(self.show(path)["stack_status"]) in states, limit, f"{path} is {states}")
        return list(seen.states)

    def remove(self, path: str) -> list[str]:
        """Delete a stack and wait for its end; returns the states that were seen."""
        self.ask("DELETE", path).of(204)
        return self.reach(path, "DELETE_COMPLETE")
