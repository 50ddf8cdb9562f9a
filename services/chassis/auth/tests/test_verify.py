"""Nothing but authz's word, borne by the service it was given to, for this audience and for now, is believed."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.auth.credentials import PROOF_HEADER
from services.chassis.auth.keys import ServiceKey, load_public_key
from services.chassis.auth.revocation import Revocation, Revocations
from services.chassis.auth.verify import Verifier
from services.chassis.errors import ClocksDiffer, NotAuthenticated
from services.chassis.testing.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys")


@pytest.fixture
def revocations() -> Revocations:
    return Revocations()


@pytest.fixture
def verifier(authority: Authority, revocations: Revocations) -> Verifier:
    return Verifier("cluster", [load_public_key(authority.key("authz").public_pem)], revocations)


def parts(headers: dict[str, str]) -> tuple[str, str]:
    return headers["Authorization"].removeprefix("Bearer "), headers[PROOF_HEADER]


def claims_of(token: str, **changes: Any) -> dict[str, Any]:
    return {**jwt.decode(token, options={"verify_signature": False}), **changes}


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def refused(verifier: Verifier, token: str, proof: str, reason: str | None = None) -> None:
    with pytest.raises(NotAuthenticated, match=reason):
        verifier.caller(token, proof)


def test_a_pass_tells_who_through_whom_and_what(authority: Authority, verifier: Verifier) -> None:
    projects = {"prj_a": ["cluster.read"]}
    headers = authority.pass_for("usr_1", "cluster", projects=projects, platform=["node.read"], credential_id="tok_1")
    caller = verifier.caller(*parts(headers))
    assert (caller.subject, caller.chain, caller.credential_id) == ("usr_1", ("gateway",), "tok_1")
    assert caller.may("cluster.read", "prj_a") and not caller.may("cluster.read", "prj_b")
    assert caller.may("node.read") and caller.scope("node.read").everywhere
    assert caller.scope("cluster.read").projects == ("prj_a",)


@pytest.mark.parametrize("seconds", [3600, -3600], ids=["ahead", "behind"])
def test_a_caller_with_a_wrong_clock_is_told_so(
    authority: Authority, verifier: Verifier, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    true, mandate = time.time, authority.mandate_for("usr_1", "node")
    headers = authority.pass_for("usr_1", "cluster")
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: true() + seconds)
        skewed = Authority(authority.key_file("node").parent)
        hop, proof = parts(skewed.hop_for(mandate, "cluster", service="node"))
    for token, its_proof in ((hop, proof), (parts(headers)[0], proof), (hop, authority.key("node").proof("cluster"))):
        with pytest.raises(ClocksDiffer, match=r"clock of cluster, node signed this 3\d\d\d s") as told:
            verifier.caller(token, its_proof)
        assert told.value.status == 503 and "NTP" in str(told.value.hint_text)


def test_an_authz_that_is_ahead_is_told_of(
    authority: Authority, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: true() + 3600)
        token, _ = parts(authority.pass_for("usr_1", "cluster"))
    proof = Authority(authority.key_file("gateway").parent).key("gateway").proof("cluster")
    with pytest.raises(ClocksDiffer, match=r"clock of cluster, authz signed this 3\d\d\d s from now"):
        verifier.caller(token, proof)


def test_another_authoritys_pass_is_refused(authority: Authority, verifier: Verifier, tmp_path: Path) -> None:
    token, _ = parts(Authority(tmp_path / "other").pass_for("usr_1", "cluster"))
    refused(verifier, token, authority.key("gateway").proof("cluster"), "not signed by a key that is trusted")


def test_a_pass_signed_by_a_service_is_refused(authority: Authority, verifier: Verifier) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster"))
    refused(verifier, authority.key("gateway").sign(claims_of(token), "pass+jwt"), proof, "not signed by a key")


def test_a_pass_for_another_audience_is_refused(authority: Authority, verifier: Verifier) -> None:
    token, _ = parts(authority.pass_for("usr_1", "node"))
    refused(verifier, token, authority.key("gateway").proof("cluster"), "Audience")


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": timedelta(seconds=-30)},
        {"iat": timedelta(seconds=60)},
        {"nbf": timedelta(seconds=60)},
        {"iss": "gateway"},
        {"aud": ["cluster", "node"]},
        {"aud": None},
        {"exp": None},
        {"exp": 1e400},
        {"exp": "soon"},
        {"sub": 7},
        {"cnf": {}},
        {"act": None},
        {"grants": {"projects": ["prj_a"]}},
    ],
    ids=str,
)
def test_claims_that_are_not_good_here_are_refused_even_when_authz_signed_them(
    authority: Authority, verifier: Verifier, changes: dict[str, Any]
) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster"))
    written = {name: _from_now(value) for name, value in changes.items()}
    refused(verifier, authority.key("authz").sign(claims_of(token, **written), "pass+jwt"), proof)


def _from_now(value: Any) -> Any:
    return int(time.time() + value.total_seconds()) if isinstance(value, timedelta) else value


def test_a_pass_that_was_remembered_ends_all_the_same(authority: Authority, verifier: Verifier) -> None:
    almost_ended = -4
    token, proof = parts(authority.pass_for("usr_1", "cluster", seconds=almost_ended))
    verifier.caller(token, proof)
    time.sleep(1.5)
    refused(verifier, token, proof, "expired")


def test_a_pass_is_of_no_use_to_another_service(authority: Authority, verifier: Verifier) -> None:
    token, _ = parts(authority.pass_for("usr_1", "cluster", service="gateway"))
    refused(verifier, token, authority.key("node").proof("cluster"), "another service's key")


def test_a_proof_for_another_audience_is_refused(authority: Authority, verifier: Verifier) -> None:
    token, _ = parts(authority.pass_for("usr_1", "cluster"))
    refused(verifier, token, authority.key("gateway").proof("node"), "Audience")
    refused(verifier, token, "", "can't be read")


def test_a_proof_that_lasts_longer_than_a_minute_is_refused(authority: Authority, verifier: Verifier) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster"))
    lasting = authority.key("gateway").sign(claims_of(proof, exp=int(time.time()) + 3600), "proof+jwt")
    refused(verifier, token, lasting, "lasts longer")


def test_tokens_are_no_proofs_and_proofs_no_tokens(authority: Authority, verifier: Verifier) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster"))
    refused(verifier, token, token, "no proof")
    refused(verifier, proof, proof, "neither a pass nor a hop")
    refused(verifier, authority.mandate_for("usr_1", "cluster"), authority.key("cluster").proof("cluster"), "neither")


def test_a_hop_carries_its_mandate(authority: Authority, verifier: Verifier) -> None:
    mandate = authority.mandate_for("usr_1", "node", projects={"prj_a": ["host.connect"]}, operation_id="op_7")
    caller = verifier.caller(*parts(authority.hop_for(mandate, "cluster", service="node")))
    assert (caller.subject, caller.operation_id, caller.chain) == ("usr_1", "op_7", ("gateway", "node"))
    assert caller.narrowing and caller.narrowing.mandate and caller.narrowing.mandate.operation == "op_7"


def test_a_hop_signed_by_another_key_than_the_mandates_is_refused(authority: Authority, verifier: Verifier) -> None:
    mandate = authority.mandate_for("usr_1", "node")
    refused(verifier, *parts(authority.hop_for(mandate, "cluster", service="runner")), "holder of its mandate")


def test_a_hop_of_one_service_is_of_no_use_to_another(authority: Authority, verifier: Verifier) -> None:
    token, _ = parts(authority.hop_for(authority.mandate_for("usr_1", "node"), "cluster", service="node"))
    refused(verifier, token, authority.key("runner").proof("cluster"), "another service's key")


def test_a_hop_around_what_is_no_mandate_is_refused(authority: Authority, verifier: Verifier) -> None:
    passed, _ = parts(authority.pass_for("usr_1", "cluster", service="node"))
    refused(verifier, *parts(authority.hop_for(passed, "cluster", service="node")), "no mandate")
    forged = authority.key("node").sign(claims_of(authority.mandate_for("usr_1", "node")), "mandate+jwt")
    refused(verifier, *parts(authority.hop_for(forged, "cluster", service="node")), "not signed by a key")


def test_a_hop_ends_with_its_mandate_and_lasts_no_longer_than_a_minute(
    authority: Authority, verifier: Verifier
) -> None:
    ended = authority.mandate_for("usr_1", "node", seconds=-30)
    refused(verifier, *parts(authority.hop_for(ended, "cluster", service="node")), "expired")
    token, proof = parts(authority.hop_for(authority.mandate_for("usr_1", "node"), "cluster", service="node"))
    lasting = authority.key("node").sign(claims_of(token, exp=int(time.time()) + 3600), "hop+jwt")
    refused(verifier, lasting, proof, "lasts longer")


def test_no_other_algorithm_is_taken(authority: Authority, verifier: Verifier) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster"))
    claims, pem = claims_of(token), authority.key("authz").public_pem.encode()
    unsigned = f"{encoded({'alg': 'none', 'typ': 'pass+jwt'})}.{encoded(claims)}."
    signed = f"{encoded({'alg': 'HS256', 'typ': 'pass+jwt'})}.{encoded(claims)}"
    confused = f"{signed}.{encoded(hmac.new(pem, signed.encode(), hashlib.sha256).digest())}"
    for forged in (unsigned, confused):
        refused(verifier, forged, proof)
        refused(verifier, token, forged.replace("pass+jwt", "proof+jwt"))
    with_typ = f"{encoded({'alg': 'none', 'typ': 'proof+jwt', 'jwk': authority.key('gateway').jwk})}"
    refused(verifier, token, f"{with_typ}.{encoded(claims_of(proof))}.")


_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
_EC = ec.generate_private_key(ec.SECP256R1()).public_key()


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        "key",
        7,
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "X25519", "x": "AAAA"},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "é"},
        {"kty": "OKP", "crv": "Ed25519", "x": ["A"]},
        json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_RSA)),
        json.loads(jwt.algorithms.ECAlgorithm.to_jwk(_EC)),
    ],
    ids=lambda jwk: jwk["kty"] if isinstance(jwk, dict) and "kty" in jwk else str(jwk),
)
def test_a_header_with_another_kind_of_key_is_refused(authority: Authority, verifier: Verifier, jwk: Any) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster"))
    _, claims, signature = proof.split(".")
    forged = f"{encoded({'alg': 'EdDSA', 'typ': 'proof+jwt', 'jwk': jwk})}.{claims}.{signature}"
    refused(verifier, token, forged)


def test_the_key_of_another_in_the_header_does_not_help(authority: Authority, verifier: Verifier) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster", service="gateway"))
    pem = authority.key_file("node")
    authority.key("node")
    private = serialization.load_pem_private_key(pem.read_bytes(), None)
    headers = {"typ": "proof+jwt", "jwk": authority.key("gateway").jwk}
    forged = jwt.encode(claims_of(proof), private, "EdDSA", headers=headers)
    refused(verifier, token, forged, "not signed")


@pytest.mark.parametrize("body", [b"[" * 3000, b'{"exp": Infinity}', b"\xff", b"7", b'{"iat": 1e999, "exp": 1e999}'])
def test_self_signed_nonsense_is_refused(authority: Authority, verifier: Verifier, body: bytes) -> None:
    header = encoded({"alg": "EdDSA", "typ": "proof+jwt", "jwk": authority.key("gateway").jwk})
    key: Any = serialization.load_pem_private_key(authority.key_file("gateway").read_bytes(), None)
    signed = f"{header}.{encoded(body)}"
    token, _ = parts(authority.pass_for("usr_1", "cluster"))
    refused(verifier, token, f"{signed}.{encoded(key.sign(signed.encode()))}")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_it(token: str, proof: str) -> None:
    verifier = Verifier("cluster", [], Revocations())
    for call in (lambda: verifier.prover(proof), lambda: verifier.presented(token)):
        with pytest.raises(NotAuthenticated):
            call()


@pytest.mark.parametrize("header", [b"[" * 3000, b'{"alg": ["EdDSA"], "typ": 5}', b'{"typ": "pass+jwt", "alg": null}'])
def test_no_header_breaks_it(verifier: Verifier, header: bytes) -> None:
    token = f"{encoded(header)}.e30.AAAA"
    refused(verifier, token, token)
    with pytest.raises(NotAuthenticated):
        verifier.presented(token)
    with pytest.raises(NotAuthenticated):
        verifier.presented("\udcff.e30.e30")


@pytest.mark.parametrize(("kind", "value"), [("subject", "usr_1"), ("grants", "usr_1"), ("credential", "tok_1")])
def test_a_revocation_ends_what_was_made_before_and_not_what_comes_after(
    authority: Authority, verifier: Verifier, revocations: Revocations, kind: str, value: str
) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster", credential_id="tok_1"))
    verifier.caller(token, proof)
    revocations.add(Revocation(1, kind, "other", time.time() + 1))
    verifier.caller(token, proof)
    revocations.add(Revocation(2, kind, value, time.time() - 30))
    verifier.caller(token, proof)
    revocations.add(Revocation(3, kind, value, time.time() + 1))
    refused(verifier, token, proof, "revoked")


def test_a_token_is_revoked_by_its_own_id(authority: Authority, verifier: Verifier, revocations: Revocations) -> None:
    token, proof = parts(authority.pass_for("usr_1", "cluster"))
    revocations.add(Revocation(1, "token", claims_of(token)["jti"], time.time() + 1))
    refused(verifier, token, proof, "revoked")


def test_work_under_a_mandate_outlives_its_subject_and_ends_with_its_operation(
    authority: Authority, verifier: Verifier, revocations: Revocations
) -> None:
    mandate = authority.mandate_for("usr_1", "node", operation_id="op_7")
    token, proof = parts(authority.hop_for(mandate, "cluster", service="node"))
    revocations.add(Revocation(1, "subject", "usr_1", time.time() + 1))
    revocations.add(Revocation(2, "grants", "usr_1", time.time() + 1))
    verifier.caller(token, proof)
    revocations.add(Revocation(3, "operation", "op_7", time.time() + 1))
    refused(verifier, token, proof, "revoked")


def test_whoever_watches_hears_of_each_revocation_once(revocations: Revocations) -> None:
    heard: list[Revocation] = []
    revocations.watch(heard.append)
    one = Revocation(1, "subject", "usr_1", 5.0)
    revocations.add(one)
    revocations.add(one)
    assert heard == [one] and revocations.last_number == 1


def test_a_key_file_with_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "key.pem"
    encoding, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(private.private_bytes(encoding, pkcs8, serialization.NoEncryption()))
    with pytest.raises(ValueError, match="no Ed25519"):
        ServiceKey.from_file("cluster", path)
    public = private.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(ValueError, match="no Ed25519"):
        load_public_key(public)
