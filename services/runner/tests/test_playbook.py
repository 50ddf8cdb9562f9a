"""What Ansible is given: data stays data, and only what belongs in it is in it."""

import yaml

from services.runner.domain import playbook
from services.runner.domain.element_order import entries_of, entries_of_run
from services.runner.domain.playbook import AnsibleSettings
from services.runner.tests.requests import check, element, host, run_of

EVIL = "{{ lookup('pipe', 'id') }}"


class _Loader(yaml.SafeLoader):
    """Reads ``!unsafe`` as what it is: a text that Ansible does not evaluate."""


_Loader.add_constructor("!unsafe", lambda loader, node: ("unsafe", loader.construct_scalar(node)))


def load(text: str):
    return yaml.load(text, Loader=_Loader)


def test_values_secrets_and_names_are_never_evaluated() -> None:
    run = run_of(
        element("users", "c1", values={"text": EVIL, "deep": [{"a": EVIL}], "number": 3}, secrets=["token"]),
        hosts=(host("c1", variables={"cluster_cpus": 4, "note": EVIL}),),
    )
    (play, end) = load(playbook.playbook(run, entries_of(run.elements), {"c1"}, {("users", "token"): EVIL}))
    assert play["import_playbook"] == "elements/00-users/apply.yaml"
    element_values = play["vars"]["element"]
    assert element_values == {"text": ("unsafe", EVIL), "deep": [{"a": ("unsafe", EVIL)}], "number": 3}
    assert play["vars"]["secret"] == {"token": ("unsafe", EVIL)}
    assert end["name"] == "end of 00-users" and end["tasks"] == []
    inventory = load(playbook.inventory(run, "root"))["all"]["children"]
    assert inventory["cluster"]["hosts"]["c1"]["note"] == ("unsafe", EVIL)
    assert inventory["cluster"]["hosts"]["c1"]["cluster_address"] == ("unsafe", "10.99.7.10")


def test_hosts_that_dropped_out_and_elements_without_hosts_are_left_out() -> None:
    run = run_of(element("a", "c1", "c2"), element("b", "c2"))
    plays = load(playbook.playbook(run, entries_of(run.elements), {"c1"}, {}))
    assert [play.get("import_playbook") for play in plays] == ["elements/00-a/apply.yaml", None]
    assert plays[0]["vars"]["element_hosts"] == ["c1"]


def test_a_check_is_its_own_playbook_with_the_parameters_as_element() -> None:
    run = run_of(element("a", "c1"), phase="verify", checks=[check("sums", "c1", values={"text": EVIL})])
    plays = load(playbook.playbook(run, entries_of_run(run), {"c1"}, {}))
    assert plays[0]["import_playbook"] == "elements/00-a/verify.yaml"
    assert plays[2]["import_playbook"] == "elements/01-sums/checks/sums.yaml"
    assert plays[2]["vars"]["element"] == {"text": ("unsafe", EVIL)} and plays[2]["vars"]["secret"] == {}


def test_the_inventory_knows_all_hosts_of_the_cluster_by_role() -> None:
    run = run_of(element("a", "c1"), hosts=(host("head", "head"), host("c1"), host("c2")))
    children = load(playbook.inventory(run, "root"))["all"]["children"]
    assert set(children) == {"head", "compute", "cluster"}
    assert list(children["cluster"]["hosts"]) == ["head", "c1", "c2"]
    assert list(children["compute"]["hosts"]) == ["c1", "c2"]


def test_ssh_trusts_pinned_keys_only_and_goes_by_the_relay() -> None:
    text = playbook.settings(AnsibleSettings(8, 10), "run_1", [])
    assert "StrictHostKeyChecking=yes" in text and 'ProxyCommand="socat - UNIX-CONNECT:/relay/%h.sock"' in text
    assert "library" not in text and "strategy" not in text
    text = playbook.settings(AnsibleSettings(8, 10, "/plugins"), "run_1", ["library-0", "library-1"])
    assert "library = /run/cloudpoint/project/library-0:/run/cloudpoint/project/library-1" in text
    assert "strategy = mitogen_linear" in text
