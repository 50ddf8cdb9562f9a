"""Secrets in the forms in which tools print them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runner.domain.masking import MASK, Mask

KEY = '-----BEGIN KEY-----\nabcd efgh\nijkl"mnop\n-----END KEY-----\n'


@pytest.mark.parametrize(
    "printed",
    [
        KEY,
        json.dumps({"key": KEY}),
        repr({"key": KEY}),
        KEY.replace("\n", "\r\n"),
        "\n".join(f"  | {line}" for line in KEY.splitlines()),
        base64.b64encode(KEY.encode()).decode(),
    ],
)
def test_a_key_of_several_lines_is_masked_however_it_is_printed(printed: str) -> None:
    masked = Mask([base64.b64encode(KEY.encode()).decode()]).text(printed)
    assert MASK in masked
    assert not any(part in masked for part in ("abcd efgh", "ijkl", base64.b64encode(KEY.encode()).decode()[:20]))


def test_values_are_masked_in_depth_and_in_names() -> None:
    value = {"secret-word": ["a secret-word", {"x": 1, "y": None}]}
    assert Mask(["secret-word"]).value(value) == {MASK: [f"a {MASK}", {"x": 1, "y": None}]}


def test_without_secrets_a_text_stays_as_it_is() -> None:
    assert Mask([]).text("nothing to hide") == "nothing to hide"


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Mask(["word", "word-of-mouth"]).text("word-of-mouth") == MASK


@given(st.text(min_size=4, max_size=40).filter(lambda text: len(text.strip()) >= 4), st.text(), st.text())
def test_no_secret_survives_whatever_stands_around_it(secret: str, before: str, after: str) -> None:
    assert secret not in Mask([secret]).text(f"{before} {secret} {after}") or secret in MASK
