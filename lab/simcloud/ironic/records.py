"""What Ironic stores."""

from typing import Any

from lab.simcloud.store import Record


class Node(Record):
    """A bare-metal machine. `drive` names its config drive among the files served over HTTP."""

    name: str | None = None
    driver: str = "fake-hardware"
    driver_info: dict[str, Any] = {}
    driver_internal_info: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    instance_info: dict[str, Any] = {}
    instance_uuid: str | None = None
    resource_class: str | None = None
    traits: list[str] = []
    provision_state: str = "enroll"
    target_provision_state: str | None = None
    power_state: str | None = None
    target_power_state: str | None = None
    maintenance: bool = False
    maintenance_reason: str | None = None
    fault: str | None = None
    last_error: str | None = None
    reservation: str | None = None
    deploy_step: dict[str, Any] = {}
    clean_step: dict[str, Any] = {}
    owner: str | None = None
    lessee: str | None = None
    description: str | None = None
    conductor_group: str = ""
    automated_clean: bool | None = None
    protected: bool = False
    protected_reason: str | None = None
    retired: bool = False
    retired_reason: str | None = None
    chassis_uuid: str | None = None
    shard: str | None = None
    interfaces: dict[str, str] = {}
    boot_device: str | None = None
    vifs: list[str] = []
    drive: str | None = None
    created_at: str = ""
    updated_at: str | None = None
    provision_updated_at: str | None = None


class BaremetalPort(Record):
    """A network interface of a machine."""

    node_uuid: str
    address: str
    physical_network: str | None = None
    pxe_enabled: bool = True
    local_link_connection: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    name: str | None = None
    created_at: str = ""
    updated_at: str | None = None


class NodeError(Record):
    """An error in a node's history."""

    node_uuid: str
    created_at: str
    event: str
