"""What can't be started is refused with everything that is wrong."""

import pytest

from services.chassis.errors import InvalidRequest
from services.runner.domain.check import check
from services.runner.tests.requests import check as checked
from services.runner.tests.requests import element, host, run_of


@pytest.mark.parametrize(
    ("run", "pointers"),
    [
        (run_of(element("a", "c1"), run_id="../x"), ["/run_id"]),
        (run_of(element("a", "c1"), phase="destroy"), ["/phase"]),
        (run_of(hosts=()), ["/elements"]),
        (run_of(element("A_b", "c1")), ["/elements/0/name"]),
        (run_of(element("a", "c1"), element("a", "c1")), ["/elements/1/hosts"]),
        (run_of(element("a", "c9"), hosts=(host("c1"),)), ["/elements/0/hosts"]),
        (
            run_of(element("a", "c1", secrets=["x y"], timeout_seconds=0)),
            ["/elements/0/timeout_seconds", "/elements/0/secrets"],
        ),
        (run_of(element("a", "c1"), hosts=(host("c1", "-x"),)), ["/hosts/0/role"]),
        (run_of(element("a", "c1"), checks=[checked("b", "c1")]), ["/checks"]),
        (
            run_of(element("a", "c1"), phase="verify", checks=[checked("a", "c9")]),
            ["/checks/0/name", "/checks/0/hosts"],
        ),
        (
            run_of(element("a", "c1"), phase="verify", checks=[checked("b", "c1", version="/", playbook="../b.yaml")]),
            ["/checks/0/version", "/checks/0/playbook"],
        ),
        (run_of(element("a", "c1"), hosts=(host("c1"), host("c1"))), ["/hosts/1/name"]),
        (run_of(element("a", "c1"), hosts=(host("c1", variables={"ansible_user": "x"}),)), ["/hosts/0/variables"]),
    ],
)
def test_each_problem_has_its_place(run, pointers: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check(run)
    assert [problem.pointer for problem in refused.value.errors] == pointers


def test_a_good_run_is_let_through() -> None:
    check(run_of(element("a", "c1"), element("a", "c2"), element("b", "c1", "c2", secrets=["key"])))
