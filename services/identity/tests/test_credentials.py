"""SSH keys and API tokens."""

import subprocess
from pathlib import Path

import pytest

from services.identity.domain import ssh_keys
from services.identity.exceptions import BadSshKey
from services.identity.tests.platform import Platform


def make_key(folder: Path, *options: str) -> Path:
    """Have OpenSSH make a key; return the path of the private half."""
    path = folder / "-".join(("key", *options)).replace("/", "_")
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "ada at home", *options, "-f", str(path)], check=True)
    return path


def public(path: Path) -> str:
    return Path(f"{path}.pub").read_text()


@pytest.mark.parametrize("options", [("-t", "ed25519"), ("-t", "rsa", "-b", "2048"), ("-t", "ecdsa", "-b", "384")])
def test_good_keys_are_taken_with_openssh_fingerprints(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = make_key(tmp_path, *options)
    key = ssh_keys.checked("  " + public(path) + "\n")
    shown = subprocess.run(["ssh-keygen", "-l", "-f", f"{path}.pub"], capture_output=True, text=True, check=True).stdout
    assert key.fingerprint == shown.split()[1] and key.line == public(path).strip()


def refusal(text: str) -> str:
    with pytest.raises(BadSshKey) as caught:
        ssh_keys.checked(text)
    return caught.value.errors[0].message


def test_what_is_not_a_usable_key_is_refused_with_the_reason(tmp_path: Path) -> None:
    good = make_key(tmp_path, "-t", "ed25519")
    line = public(good).strip()
    assert "private key" in refusal(good.read_text())
    assert "1024 bits" in refusal(public(make_key(tmp_path, "-t", "rsa", "-b", "1024")))
    assert "DSA" in refusal("ssh-dss AAAAB3NzaC1kc3MAAACBAP")
    assert "options" in refusal(f'command="rm -rf /" {line}')
    assert "more than one line" in refusal(f"{line}\n{line}")
    assert "can't be read" in refusal(line[:40])
    assert "certificate" in refusal("ssh-ed25519-cert-v01@openssh.com AAAA")
    assert "kind of key" in refusal("hello")


async def test_keys_are_ones_own(platform: Platform, tmp_path: Path) -> None:
    for name in ("ada", "bob"):
        await platform.add_user(f"{name}@example.org")
    ada, bob = await platform.session("ada@example.org"), await platform.session("bob@example.org")
    body = {"name": "laptop", "public_key": public(make_key(tmp_path, "-t", "ed25519"))}
    added = await platform.ask("POST", "/v1/keys", ada, json=body)
    assert added.status_code == 201, added.text
    assert (await platform.ask("POST", "/v1/keys", ada, json=body)).status_code == 409
    assert (await platform.ask("GET", "/v1/keys", ada)).json()["items"] == [added.json()]
    path = f"/v1/keys/{added.json()['id']}"
    assert (await platform.ask("DELETE", path, bob)).status_code == 404
    assert (await platform.ask("GET", "/v1/keys", bob)).json()["items"] == []
    assert (await platform.ask("DELETE", path, ada)).status_code == 204
    assert (await platform.ask("DELETE", path, ada)).status_code == 404


async def api_token(platform: Platform, session: str, **body: object) -> dict:
    answer = await platform.ask("POST", "/v1/tokens", session, json={"name": "ci", **body})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(answer.json())


async def test_a_token_is_shown_once_and_works(platform: Platform) -> None:
    user = await platform.add_user("ada@example.org")
    session = await platform.session("ada@example.org")
    made = await api_token(platform, session)
    assert made["token"].startswith("cpt_")
    listed = (await platform.ask("GET", "/v1/tokens", session)).json()
    assert made["token"].split("_")[-1] not in str(listed) and listed["items"][0]["last_used_at"] is None
    verified = await platform.verify(made["token"])
    assert verified.status_code == 200, verified.text
    me = await platform.ask("GET", "/v1/me", verified.json()["session_token"])
    assert me.json()["id"] == user
    used = (await platform.ask("GET", "/v1/tokens", session)).json()["items"][0]["last_used_at"]
    await platform.verify(made["token"])
    assert used and (await platform.ask("GET", "/v1/tokens", session)).json()["items"][0]["last_used_at"] == used


async def test_a_token_is_kept_as_a_digest_only(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    made = await api_token(platform, await platform.session("ada@example.org"))
    async with platform.identity.context.db.unscoped() as tx:
        row = (await tx.exec_driver_sql("SELECT t::text FROM api_token t")).scalar_one()
    assert made["token"].rpartition("_")[2] not in row


async def test_a_revoked_token_is_good_nowhere_at_once(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    session = await platform.session("ada@example.org")
    made = await api_token(platform, session)
    minted = (await platform.verify(made["token"])).json()["session_token"]
    assert (await platform.exchange(minted)).status_code == 200
    for _ in range(2):
        assert (await platform.ask("DELETE", f"/v1/tokens/{made['id']}", session)).status_code == 204
    assert (await platform.verify(made["token"])).json()["code"] == "token-not-good"
    assert (await platform.exchange(minted)).status_code == 401
    assert (await platform.ask("GET", "/v1/tokens", session)).json()["items"] == []


async def test_a_limited_token_reaches_its_projects_and_can_not_make_a_wider_one(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    first, second = await platform.add_project("first"), await platform.add_project("second")
    for project in (first, second):
        await platform.set_member(project, "ada@example.org", "manager")
    session = await platform.session("ada@example.org")
    made = await api_token(platform, session, projects=[first], role="viewer")
    limited = (await platform.verify(made["token"])).json()["session_token"]
    listed = (await platform.ask("GET", "/v1/projects", limited)).json()["items"]
    assert [one["id"] for one in listed] == [first]
    assert (await platform.ask("POST", "/v1/tokens", limited, json={"name": "wide"})).status_code == 403
    path = f"/v1/projects/{first}/members/ada@example.org"
    assert (await platform.ask("PUT", path, limited, json={"role": "viewer"})).status_code == 403


async def test_all_that_is_wrong_with_a_tokens_limits_is_said_at_once(platform: Platform) -> None:
    await platform.add_user("ada@example.org")
    body = {"name": "ci", "projects": ["prj_other"], "role": "emperor"}
    answer = await platform.ask("POST", "/v1/tokens", await platform.session("ada@example.org"), json=body)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/projects/0", "/role"}


@pytest.mark.parametrize("text", ["", "cpt_", "cpt_0000_x", "nonsense", "cpt_" + "0" * 26 + "_" + "A" * 43])
async def test_what_is_no_token_is_refused(platform: Platform, text: str) -> None:
    assert (await platform.verify(text)).status_code == 401


async def test_a_suspended_persons_token_is_not_good(platform: Platform) -> None:
    user = await platform.add_user("ada@example.org")
    made = await api_token(platform, await platform.session("ada@example.org"))
    body = {"state": "suspended"}
    await platform.identity.client.patch(f"/v1/users/{user}", json=body, headers=platform.operator())
    assert (await platform.verify(made["token"])).status_code == 401
