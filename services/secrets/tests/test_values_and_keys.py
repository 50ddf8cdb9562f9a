"""Values by reference, and the master keys that seal them."""

import pytest

from services.chassis.config import ConfigurationError, Secret
from services.chassis.testing.app import RunningService, running
from services.chassis.testing.authority import Authority
from services.secrets.config import MasterKey
from services.secrets.domain.sealing import MasterKeys, Place, Sealed
from services.secrets.exceptions import SealBroken
from services.secrets.main import SERVICE


def identity(authority: Authority) -> dict[str, str]:
    return authority.pass_for("svc:identity", "secrets", service="identity")


async def put(service: RunningService, headers: dict[str, str], value: str) -> None:
    body = {"project_id": "prj_a", "value": value}
    answer = await service.client.put("/internal/values/cloud:alpha", json=body, headers=headers)
    assert answer.status_code == 204, answer.text


async def get(service: RunningService, headers: dict[str, str], project: str = "prj_a"):
    return await service.client.get("/internal/values/cloud:alpha", params={"project_id": project}, headers=headers)


async def test_a_value_comes_back_to_who_put_it(secrets: RunningService, authority: Authority) -> None:
    headers = identity(authority)
    assert (await get(secrets, headers)).status_code == 404
    await put(secrets, headers, "hunter2")
    await put(secrets, headers, "hunter3 ü")
    assert (await get(secrets, headers)).json() == {"value": "hunter3 ü"}
    assert (await get(secrets, headers, project="prj_b")).status_code == 404
    path = "/internal/values/cloud:alpha?project_id=prj_a"
    for _ in range(2):
        assert (await secrets.client.delete(path, headers=headers)).status_code == 204
    assert (await get(secrets, headers)).status_code == 404


async def test_nobody_else_reads_it(secrets: RunningService, authority: Authority) -> None:
    await put(secrets, identity(authority), "hunter2")
    for service in ("cluster", "runner", "gateway"):
        headers = authority.pass_for(f"svc:{service}", "secrets", service=service)
        assert (await get(secrets, headers)).status_code == 403


async def test_rotation_brings_all_values_under_the_new_key(authority: Authority, database, master_key) -> None:
    headers = identity(authority)
    async with running(SERVICE, authority, database=database, master_keys=(master_key(1),)) as service:
        await put(service, headers, "kept")
    both = (master_key(1), master_key(2))
    async with running(SERVICE, authority, database=database, master_keys=both) as service:
        await service.context.rotation.all()
        assert (await get(service, headers)).json() == {"value": "kept"}
        assert await service.context.rotation.all() == 0
    async with running(SERVICE, authority, database=database, master_keys=(master_key(2),)) as service:
        assert (await get(service, headers)).json() == {"value": "kept"}


async def test_readiness_says_that_a_master_key_is_missing(authority: Authority, database, master_key) -> None:
    headers = identity(authority)
    async with running(SERVICE, authority, database=database, master_keys=(master_key(1),)) as service:
        await put(service, headers, "kept")
    async with running(SERVICE, authority, database=database, master_keys=(master_key(2),)) as service:
        ready = (await service.client.get("/readyz")).json()
        assert "[1]" in ready["complaints"]["master_keys"]
        assert (await get(service, headers)).json()["code"] == "master-key-missing"


def test_a_sealed_value_opens_in_its_own_place_only(master_key) -> None:
    keys = MasterKeys([master_key(1)])
    place = Place("prj_a", "identity", "cloud:alpha")
    sealed = keys.seal(place, b"hunter2")
    assert keys.open(place, sealed) == b"hunter2"
    for other in (Place("prj_b", "identity", "cloud:alpha"), Place("prj_a", "identity", "cloud:beta")):
        with pytest.raises(SealBroken):
            keys.open(other, sealed)
    with pytest.raises(SealBroken):
        keys.open(place, Sealed(1, sealed.wrapped_key, sealed.ciphertext[:-1] + b"\0"))


@pytest.mark.parametrize("text", ["c2hvcnQ=", "not base64!"])
def test_a_wrong_master_key_is_refused_at_the_start(tmp_path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(ConfigurationError, match="version 1"):
        MasterKeys([MasterKey(1, Secret(file=str(tmp_path / "key")))])
