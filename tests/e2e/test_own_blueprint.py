"""A customer's own element and blueprint through the door: uploaded, built on machines, proven there, deleted."""

import pytest

from cloudpoint import Client
from cloudpoint.generated import types
from services.blueprint.tests.folders import blueprint_texts, element_texts, packed
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
    "verify.yaml": "ansible.builtin.command: grep -q Hello /etc/greeting",
    "revert.yaml": "ansible.builtin.file: {path: /etc/greeting, state: absent}",
}


def test_own_ones_are_built_like_the_catalogues(
    customer: Client, project: types.Project, parameters: dict[str, object]
) -> None:
    plays = {path: _PLAY.format(name="The greeting", task=task) for path, task in _PLAYS.items()}
    customer.elements.upload(project.id, packed(element_texts("greeting", **plays)))
    made = customer.blueprints.upload(project.id, packed(blueprint_texts("mine", element="greeting"), around="mine/"))
    assert (made.name, made.owner, made.shared) == ("mine", project.id, False)
    accepted = customer.clusters.create(project.id, "owned", blueprint="mine", parameters=parameters)
    try:
        assert finished(customer, accepted.operation_id).state == "succeeded"
        matrix = customer.operations.matrix(accepted.operation_id)
        told = {(cell.host, cell.state) for cell in matrix.cells if cell.element == "greeting"}
        assert len(told) == 2 and {state for _host, state in told} <= {"ok", "changed"}
    finally:
        deleted = customer.clusters.delete(accepted.cluster_id)
        assert finished(customer, deleted.operation_id).state in ("succeeded", "undone")
