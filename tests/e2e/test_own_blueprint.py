"""A customer's own through the door: a HOT and an element uploaded, put together, built on machines, deleted."""

import pytest
import yaml

from cloudpoint import Client
from cloudpoint.generated import types
from services.blueprint.tests.folders import element_texts, packed
from tests.e2e.platform import finished

pytestmark = [pytest.mark.machines, pytest.mark.slow]

_PLAY = """\
- name: {name}
  hosts: "{{{{ element_hosts }}}}"
  gather_facts: false
  tasks:
    - name: {name}
      {task}
      become: true
"""
_PLAYS = {
    "apply.yaml": 'ansible.builtin.copy: {dest: /etc/greeting, content: "Hello from {{ cluster.name }}", mode: "0644"}',
    "verify.yaml": "ansible.builtin.command: timeout 20 sh -c 'until grep -q night /etc/farewell; do sleep 0.2; done'",
    "revert.yaml": "ansible.builtin.file: {path: /etc/greeting, state: absent}",
}
_SINGLE = """\
heat_template_version: 2015-10-15
parameters:
  farewell: {type: string, constraints: [{allowed_pattern: "[A-Za-z ]+"}]}
  image: {type: string, default: cirros}
  count: {type: number, default: 1}
resources:
  front:
    type: OS::Nova::Server
    properties:
      image: {get_param: image}
      flavor: bm.general
      user_data: SCRIPT
  others:
    type: OS::Heat::ResourceGroup
    properties:
      count: {get_param: count}
      resource_def:
        type: OS::Nova::Server
        properties: {name: other-%index%, image: {get_param: image}, flavor: bm.general, user_data: SCRIPT}
outputs:
  others: {value: {get_attr: [others, name]}}
""".replace("SCRIPT", r"""{list_join: ["", ["#!/bin/sh\necho ", {get_param: farewell}, " > /etc/farewell\n"]]}""")


def _with_element(files: dict[str, str]) -> dict[str, str]:
    """Return a blueprint's folder as its next version, which puts the element on all machines."""
    document = yaml.safe_load(files["blueprint.yaml"])
    document["elements"] = [{"element": "greeting", "version": ">=1.0.0", "roles": ["front", "others"]}]
    return {**files, "blueprint.yaml": yaml.safe_dump({**document, "version": "1.1.0"})}


def test_a_single_template_with_an_element_of_ones_own_makes_a_cluster(
    customer: Client, project: types.Project
) -> None:
    """User data of the template and the platform's both reach the machines: the one is verified, the other lets in."""
    plays = {path: _PLAY.format(name="The greeting", task=task) for path, task in _PLAYS.items()}
    customer.elements.upload(project.id, packed(element_texts("greeting", **plays)))
    made = customer.blueprints.publish(project.id, {"machines.yaml": _SINGLE})
    assert (made.name, made.version, made.owner, made.shared) == ("machines", "1.0.0", project.id, False)
    folder = _with_element(customer.blueprints.files("machines").files)
    assert customer.blueprints.upload(project.id, packed(folder, around="mine/")).version == "1.1.0"
    parameters = {"farewell": "Good night"}
    accepted = customer.clusters.create(project.id, "single", blueprint="machines", parameters=parameters)
    try:
        operation = finished(customer, accepted.operation_id)
        assert operation.state == "succeeded", operation.reason
        cluster = customer.clusters.show(accepted.cluster_id)
        assert [host.name for host in cluster.hosts or []] == ["single-front", "single-others-1"]
        assert cluster.outputs["others"]["value"] == ["single-others-1"]
        matrix = customer.operations.matrix(accepted.operation_id)
        told = {(cell.host, cell.state) for cell in matrix.cells if cell.element == "greeting"}
        assert len(told) == 2 and {state for _host, state in told} <= {"ok", "changed"}
    finally:
        deleted = customer.clusters.delete(accepted.cluster_id)
        assert finished(customer, deleted.operation_id).state in ("succeeded", "undone")
