"""Inventory and playbooks of an export: the plan's elements in their order, as Ansible reads them.

Values come from customers. They are written as data that Ansible never evaluates (``!unsafe``), so that braces in a
parameter are braces on the host.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from services.contracts.cluster import Cluster, Plan, PlanCheck, PlanElement

EVERYBODY = "cluster"
"""The inventory's group of all hosts; beside it is one group a role."""
CHECKS = "blueprint"
"""The folder of what the blueprint's checks need, by the paths that they have in the blueprint."""

_HEADS = {
    "apply": "# Everything that makes the machines a cluster, element by element. It may be run again at any time.\n",
    "verify": "# Each element proves by doing its work that it does it, and then the blueprint's checks that all do.\n",
}


class _Unsafe(str):
    pass


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


def playbook(cluster: Cluster, plan: Plan, phase: str) -> str:
    """Return the playbook of one phase: ``apply`` or ``verify``."""
    plays = [_import(cluster, element, phase) for element in plan.elements]
    if phase == "verify":
        plays += [_check(cluster, plan, check) for check in plan.checks]
    return _HEADS[phase] + yaml.dump(plays, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def inventory(plan: Plan) -> str:
    """Return all hosts; their addresses are in ``host_vars``, where the script that makes the machines writes them."""
    hosts = {host: {"cluster_hostname": host} for role in plan.roles for host in role.hosts}
    roles = {role.name: {"hosts": dict.fromkeys(role.hosts)} for role in plan.roles if role.name != EVERYBODY}
    document = {"all": {"children": {EVERYBODY: {"hosts": hosts}, **roles}}}
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False)


def _import(cluster: Cluster, element: PlanElement, phase: str) -> dict[str, Any]:
    secrets = [secret["name"] for secret in element.secrets]
    return {
        "import_playbook": f"elements/{element.name}/{phase}.yaml",
        "vars": {
            "element_hosts": element.hosts,
            "element": _data(element.values),
            "secret": {name: f"{{{{ cluster_secrets['{element.name}/{name}'] }}}}" for name in secrets},
            "cluster": {"id": cluster.id, "name": cluster.name},
        },
    }


def _check(cluster: Cluster, plan: Plan, check: PlanCheck) -> dict[str, Any]:
    return {
        "import_playbook": f"{CHECKS}/{check.playbook}",
        "vars": {
            "element_hosts": check.hosts,
            "element": _data(plan.parameters),
            "secret": {},
            "cluster": {"id": cluster.id, "name": cluster.name},
        },
    }


def _data(value: Any) -> Any:
    """Return ``value`` with every text in it marked as data that is never evaluated."""
    if isinstance(value, str):
        return _Unsafe(value)
    if isinstance(value, Mapping):
        return {str(key): _data(item) for key, item in value.items()}
    return [_data(item) for item in value] if isinstance(value, list) else value
