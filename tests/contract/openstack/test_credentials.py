"""Which kind of credential may order machines: Heat acts by a trust, and Keystone is strict about those."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.chassis.cloud import CloudAccess
from tests.contract.openstack.api import Api
from tests.contract.openstack.cloud import Cloud
from tests.contract.openstack.groups import small
from tests.contract.openstack.stage import NAME, Stage
from tests.contract.openstack.witness import Witness


@dataclass(frozen=True)
class Credential:
    """An application credential of the project's user: Keystone's answer, and what it opens."""

    answer: Any
    api: Api


@pytest.fixture(params=[False, True], ids=["restricted", "unrestricted"])
def credential(request: pytest.FixtureRequest, member: Api, stage: Stage, cloud: Cloud) -> Iterator[Credential]:
    name = f"{NAME}-{'un' if request.param else ''}restricted"
    body = {"application_credential": {"name": name, "unrestricted": request.param}}
    answer = member.post("identity", f"/users/{stage.user_id}/application_credentials", body)
    made = answer.of(201)["application_credential"]
    auth = {"auth_url": cloud.auth_url, "application_credential_id": made["id"]}
    auth["application_credential_secret"] = made["secret"]
    yield Credential(answer, cloud.api(CloudAccess("v3applicationcredential", auth, cloud.region)))
    member.delete("identity", f"/users/{stage.user_id}/application_credentials/{made['id']}").of(204)


def trust(stage: Stage) -> dict[str, Any]:
    """The body of a trust of the project's user in itself, as Heat asks for one in its own."""
    parties = {"trustor_user_id": stage.user_id, "trustee_user_id": stage.user_id, "project_id": stage.project_id}
    return {"trust": {**parties, "impersonation": True, "roles": [{"name": "member"}]}}


def test_an_application_credential_reads_but_trusts_nobody(
    credential: Credential, stage: Stage, witness: Witness
) -> None:
    witness.see("credentials/made", credential.answer)
    assert credential.api.get("orchestration", "/stacks?name=nobody").of(200) == {"stacks": []}
    assert credential.api.get("compute", "/servers").status == 200
    witness.see("credentials/trust-refused", credential.api.post("identity", "/OS-TRUST/trusts", trust(stage)))


def test_heat_makes_no_stack_for_an_application_credential(
    credential: Credential, member: Api, witness: Witness
) -> None:
    answer = credential.api.post("orchestration", "/stacks", small(f"{NAME}-by-credential"))
    assert answer.status >= 400
    witness.see("credentials/stack-refused", answer)
    assert member.get("orchestration", f"/stacks?name={NAME}-by-credential").of(200) == {"stacks": []}


def test_a_user_with_a_password_may_trust(member: Api, stage: Stage, witness: Witness) -> None:
    made = member.post("identity", "/OS-TRUST/trusts", trust(stage))
    trust_id = witness.see("credentials/trust", made)["trust"]["id"]
    assert member.delete("identity", f"/OS-TRUST/trusts/{trust_id}").status == 204
    witness.see("credentials/trust-missing", member.get("identity", f"/OS-TRUST/trusts/{trust_id}"))
