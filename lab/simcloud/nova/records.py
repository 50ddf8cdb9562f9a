"""What Nova stores."""

from typing import Any

from lab.simcloud.store import Record


class Flavor(Record):
    """A size; on bare metal only `extra_specs` matter, where `resources:CUSTOM_X=1` names the class of nodes."""

    name: str
    ram: int = 1024
    vcpus: int = 1
    disk: int = 10
    ephemeral: int = 0
    swap: int = 0
    rxtx_factor: float = 1.0
    is_public: bool = True
    description: str | None = None
    extra_specs: dict[str, str] = {}


class Keypair(Record):
    """A public key; its id is `user/name`."""

    name: str
    user_id: str
    public_key: str
    fingerprint: str
    type: str = "ssh"
    created_at: str = ""


class Server(Record):
    """A server. `networks` is what was asked for; `ports` what it has, `own_ports` those that go with it."""

    name: str
    project_id: str
    user_id: str
    flavor: dict[str, Any]
    image_id: str | None
    hostname: str = ""
    key_name: str | None = None
    public_key: str | None = None
    metadata: dict[str, str] = {}
    user_data: str | None = None
    config_drive: bool = False
    networks: list[dict[str, Any]] = []
    ports: list[str] = []
    own_ports: list[str] = []
    wanted_node: str | None = None
    node_id: str | None = None
    failed_nodes: list[str] = []
    vm_state: str = "building"
    task_state: str | None = "scheduling"
    power_state: int = 0
    fault: dict[str, Any] | None = None
    description: str | None = None
    tags: list[str] = []
    locked: bool = False
    locked_reason: str | None = None
    availability_zone: str = ""
    created: str = ""
    updated: str = ""
    launched_at: str | None = None
    random_seed: str = ""
