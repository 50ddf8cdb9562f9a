"""The committed page of who may call what is what the services do."""

from tests.contract.permission_matrix import PAGE, page


def test_the_page_is_what_the_services_do() -> None:
    computed = page().splitlines()
    committed = PAGE.read_text().splitlines()
    differing = [line for line in computed if line not in committed] + [
        f"gone: {line}" for line in committed if line not in computed
    ]
    assert not differing, "\n".join(
        ["read these lines as a reviewer, then run `python -m tests.contract.permission_matrix`:", *differing]
    )
    assert computed == committed
