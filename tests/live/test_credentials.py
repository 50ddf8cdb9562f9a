"""Which credential of a customer's project Heat takes: it makes a trust with each stack (docs/adr/0005)."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from heatclient import exc
from heatclient.v1.client import Client as HeatClient
from keystoneauth1 import loading
from keystoneauth1.session import Session
from openstack.connection import Connection

from services.chassis.cloud import CloudThreads
from services.identity.adapters.keystone import CloudDirectory
from services.identity.config import CloudSettings
from tests.live.lab import Lab, awaited

TEMPLATE = {"heat_template_version": "2021-04-16", "resources": {"nothing": {"type": "OS::Heat::None"}}}
STACK_SECONDS = 60.0


@dataclass(frozen=True)
class Tenant:
    """A project's user, as identity makes it: by the manager of our own domain, not by an administrator."""

    lab: Lab
    auth: dict[str, Any]
    user_id: str

    def session(self, kind: str = "v3password", auth: dict[str, Any] | None = None) -> Session:
        loader: Any = loading.get_plugin_loader(kind)
        return Session(auth=loader.load_from_options(**(auth or self.auth)))

    def heat(self, session: Session) -> HeatClient:
        return HeatClient(session=session, region_name=self.lab.facts()["region"], interface="public")

    def application_credential(self, *, unrestricted: bool) -> Session:
        """A session by an application credential of the user."""
        keystone: Any = Connection(session=self.session(), region_name=self.lab.facts()["region"]).identity
        made = keystone.create_application_credential(
            self.user_id, name=secrets.token_hex(4), unrestricted=unrestricted
        )
        auth = {
            "auth_url": self.auth["auth_url"],
            "application_credential_id": made.id,
            "application_credential_secret": made.secret,
        }
        return self.session("v3applicationcredential", auth)

    def trusts(self) -> list[Any]:
        """The trusts that the user has given."""
        answer = self.session().get(f"{self.auth['auth_url']}/OS-TRUST/trusts?trustor_user_id={self.user_id}")
        found: list[Any] = answer.json()["trusts"]
        return found


@pytest.fixture(scope="module")
def tenant(lab: Lab) -> Tenant:
    entry, password = lab.entry("cloudpoint-identity"), secrets.token_urlsafe(24)
    settings = CloudSettings(
        region=entry["region_name"], auth=entry["auth"], domain_id=lab.facts()["domain_id"], roles=("member",)
    )
    threads = CloudThreads()
    directory = CloudDirectory("live", settings, threads)
    made = asyncio.run(directory.ensure(f"credentials-{secrets.token_hex(4)}", "Test of credentials", password))
    threads.close()
    return Tenant(lab, directory.auth_of(made, password), made.user_id)


@pytest.fixture
def name(tenant: Tenant) -> Iterator[str]:
    """The name of a stack that is gone after the test."""
    name = f"credential-{secrets.token_hex(4)}"
    yield name
    heat = tenant.heat(tenant.session())
    for stack in heat.stacks.list(filters={"name": name}):
        heat.stacks.delete(stack.id)
        ended(heat, stack.id, "DELETE")


def ended(heat: HeatClient, stack_id: str, action: str) -> str:
    """Wait until an action on a stack has ended, and return the state that it left."""
    left = (f"{action}_COMPLETE", f"{action}_FAILED")
    state: str = awaited(lambda: heat.stacks.get(stack_id).stack_status, lambda state: state in left, STACK_SECONDS)
    return state


def create(heat: HeatClient, name: str) -> str:
    """Make a stack and return the state that it ends in."""
    made = heat.stacks.create(stack_name=name, template=TEMPLATE)
    return ended(heat, made["stack"]["id"], "CREATE")


def test_a_user_with_a_password_makes_stacks_and_gives_a_trust(tenant: Tenant, name: str) -> None:
    assert create(tenant.heat(tenant.session()), name) == "CREATE_COMPLETE"
    assert len(tenant.trusts()) == 1


@pytest.mark.parametrize("unrestricted", [True, False])
def test_an_application_credential_makes_none(tenant: Tenant, name: str, unrestricted: bool) -> None:
    session = tenant.application_credential(unrestricted=unrestricted)
    with pytest.raises(exc.HTTPInternalServerError) as refusal:
        create(tenant.heat(session), name)
    assert refusal.value.error["error"]["type"] == "RemoteError"
    assert "Delegated tokens cannot manage trusts" in (tenant.lab.state / "openstack/log/heat-engine.log").read_text()
    assert not list(tenant.heat(tenant.session()).stacks.list(filters={"name": name}))


def test_a_stack_that_is_gone_took_its_trust_along(tenant: Tenant) -> None:
    assert tenant.trusts() == []
