"""The authority and the secrets of a cluster, as cluster and runner use them."""

import asyncio
import base64
import subprocess
import time
from pathlib import Path

import pytest

from services.chassis.testing.app import RunningService
from services.chassis.testing.authority import Authority

USE = {"prj_a": ["authority.use", "authority.sign"]}
SECRETS = [
    {"name": "munge/munge_key", "kind": "random-bytes", "length": 128},
    {"name": "mpi/login", "kind": "ssh-ed25519"},
]


@pytest.fixture
def cluster(authority: Authority) -> dict[str, str]:
    return authority.pass_for("usr_1", "secrets", projects=USE, service="cluster")


@pytest.fixture
def run_key(tmp_path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "run")], check=True)
    return tmp_path / "run"


def ssh_keygen(option: str, path: Path) -> str:
    """Return what OpenSSH says about a key or a certificate."""
    shown = subprocess.run(["ssh-keygen", option, "-f", str(path)], capture_output=True, text=True, check=True)
    return shown.stdout


async def ensure(service: RunningService, headers: dict[str, str], project: str = "prj_a", **body):
    return await service.client.put(
        "/internal/clusters/clu_1/authority",
        json={"project_id": project, "cluster_id": "clu_1", "secrets": SECRETS, **body},
        headers=headers,
    )


async def read(secrets: RunningService, headers: dict[str, str], *names: str, project: str = "prj_a"):
    body = {"project_id": project, "names": list(names)}
    return await secrets.client.post("/internal/clusters/clu_1/secrets/read", json=body, headers=headers)


async def sign(secrets: RunningService, headers: dict[str, str], public_key: str, **body):
    request = {
        "project_id": "prj_a",
        "cluster_id": "clu_1",
        "public_key": public_key,
        "operation_id": "op_7",
        "principals": ["head", "compute-0"],
        "seconds": 600,
        **body,
    }
    return await secrets.client.post("/internal/clusters/clu_1/certificates", json=request, headers=headers)


async def test_an_authority_and_its_secrets_are_made_once(secrets: RunningService, cluster: dict[str, str]) -> None:
    answers = await asyncio.gather(*(ensure(secrets, cluster) for _ in range(5)))
    keys = {answer.json()["public_key"] for answer in answers}
    assert len(keys) == 1 and keys.pop().startswith("ssh-ed25519 ")
    first = (await read(secrets, cluster)).json()["values"]
    await ensure(secrets, cluster)
    assert (await read(secrets, cluster)).json()["values"] == first
    assert set(first) == {"munge/munge_key", "mpi/login"}
    assert len(base64.b64decode(first["munge/munge_key"])) == 128
    assert base64.b64decode(first["mpi/login"]).startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")


async def test_secrets_are_read_by_name(secrets: RunningService, cluster: dict[str, str]) -> None:
    await ensure(secrets, cluster)
    assert set((await read(secrets, cluster, "mpi/login")).json()["values"]) == {"mpi/login"}
    assert (await read(secrets, cluster, "mpi/login", "other/key")).status_code == 404


async def test_the_sealed_rows_do_not_hold_the_secret(secrets: RunningService, cluster: dict[str, str]) -> None:
    await ensure(secrets, cluster)
    value = base64.b64decode((await read(secrets, cluster, "munge/munge_key")).json()["values"]["munge/munge_key"])
    async with secrets.context.db.project("prj_a") as tx:
        rows = (await tx.exec_driver_sql("SELECT ciphertext, wrapped_key FROM sealed_value")).all()
    assert rows and not any(value in bytes(row.ciphertext) + bytes(row.wrapped_key) for row in rows)


async def test_another_project_sees_nothing_and_takes_nothing(
    secrets: RunningService, authority: Authority, cluster: dict[str, str]
) -> None:
    await ensure(secrets, cluster)
    other = authority.pass_for("usr_2", "secrets", projects={"prj_b": USE["prj_a"]}, service="cluster")
    assert (await read(secrets, other, project="prj_a")).status_code == 403
    assert (await read(secrets, other, project="prj_b")).status_code == 404
    assert (await ensure(secrets, other, project="prj_b")).json()["code"] == "foreign-cluster"
    assert (await secrets.client.delete("/internal/clusters/clu_1", headers=other)).status_code == 204
    assert (await read(secrets, cluster)).status_code == 200


async def test_signing_alone_makes_no_authority(
    secrets: RunningService, authority: Authority, cluster: dict[str, str]
) -> None:
    runner = authority.pass_for("usr_1", "secrets", projects={"prj_a": ["authority.sign"]}, service="runner")
    assert (await ensure(secrets, runner)).status_code == 403
    await ensure(secrets, cluster)
    assert (await read(secrets, runner)).status_code == 200
    assert (await secrets.client.delete("/internal/clusters/clu_1", headers=runner)).status_code == 403


async def test_ssh_keygen_reads_the_certificate_as_it_was_asked_for(
    secrets: RunningService, cluster: dict[str, str], run_key: Path
) -> None:
    made = (await ensure(secrets, cluster)).json()
    answer = await sign(secrets, cluster, run_key.with_suffix(".pub").read_text())
    assert answer.status_code == 201, answer.text
    path = run_key.with_name("run-cert.pub")
    path.write_text(answer.json()["certificate"])
    shown = ssh_keygen("-L", path)
    assert "user certificate" in shown and 'Key ID: "op_7 clu_1 compute-0,head"' in shown
    assert f"Serial: {answer.json()['serial']}" in shown
    assert shown.split("Principals:")[1].split("Critical Options:")[0].split() == ["root"]
    assert "Critical Options: (none)" in shown and "Extensions: (none)" in shown
    authority_file = run_key.with_name("ca.pub")
    authority_file.write_text(made["public_key"])
    fingerprint = ssh_keygen("-l", authority_file).split()[1]
    assert f"Signing CA: ED25519 {fingerprint}" in shown


async def test_a_certificate_ends_when_asked_and_after_a_day_at_most(
    secrets: RunningService, cluster: dict[str, str], run_key: Path
) -> None:
    import datetime

    await ensure(secrets, cluster)
    key = run_key.with_suffix(".pub").read_text()
    first, second = (await sign(secrets, cluster, key)).json(), (await sign(secrets, cluster, key)).json()
    ends = datetime.datetime.fromisoformat(first["expires_at"]).timestamp()
    assert abs(ends - time.time() - 600) < 10 and second["serial"] > first["serial"]
    refused = await sign(secrets, cluster, "ssh-rsa nonsense", seconds=86_401, principals=["a b", "-x"])
    assert refused.status_code == 422
    pointers = {error["pointer"] for error in refused.json()["errors"]}
    assert pointers == {"/public_key", "/seconds", "/principals/0", "/principals/1"}


async def test_destroying_is_final_and_may_be_repeated(
    secrets: RunningService, cluster: dict[str, str], run_key: Path
) -> None:
    old = (await ensure(secrets, cluster)).json()["public_key"]
    for _ in range(2):
        assert (await secrets.client.delete("/internal/clusters/clu_1", headers=cluster)).status_code == 204
    assert (await read(secrets, cluster)).status_code == 404
    assert (await sign(secrets, cluster, run_key.with_suffix(".pub").read_text())).status_code == 404
    assert (await ensure(secrets, cluster)).json()["public_key"] != old


async def test_what_cannot_be_made_is_said_all_at_once(secrets: RunningService, cluster: dict[str, str]) -> None:
    wrong = [{"name": "a", "kind": "rsa"}, {"name": "b", "kind": "random-bytes", "length": 0}]
    answer = await ensure(secrets, cluster, secrets=wrong)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/secrets/0/kind", "/secrets/1/length"]
    assert (await read(secrets, cluster)).status_code == 404
