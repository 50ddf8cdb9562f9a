"""How to connect to a cluster: the outputs that its blueprint declares, filled in from its hosts."""

from typing import Any

from services.contracts.cluster import Host


def outputs_of(
    declared: list[dict[str, Any]], hosts: list[Host], parameters: dict[str, Any], made: dict[str, Any]
) -> dict[str, Any]:
    """Return each declared output by its name.

    Kinds: ``ssh`` gives the hosts of a role with their addresses, ``parameter`` the value of a parameter, ``template``
    an output of the template that makes all machines, of ``made``.
    """
    return {item["name"]: _output(item, hosts, parameters, made) for item in declared}


def _output(
    item: dict[str, Any], hosts: list[Host], parameters: dict[str, Any], made: dict[str, Any]
) -> dict[str, Any]:
    told = {"kind": item["kind"], "summary": item.get("summary", "")}
    if item["kind"] == "ssh":
        found = [host for host in hosts if host.role == item["role"]]
        return {**told, "hosts": [{"name": host.name, "address": host.address} for host in found]}
    if item["kind"] == "parameter":
        return {**told, "value": parameters.get(item["parameter"])}
    if item["kind"] == "template":
        return {**told, "value": made.get(item["output"])}
    return {**told, **item}
