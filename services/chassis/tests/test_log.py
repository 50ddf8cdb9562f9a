"""The last net under secrets in the log."""

from services.chassis.log import _hide_secrets


def test_values_that_are_named_like_secrets_are_hidden_however_deep() -> None:
    deep = {"auth": [{"password": "s3cret"}, {"user": "ada"}], "tokens": ["s3cret"]}
    event = {"event": "said", "api_token": "s3cret", "secret": b"s3cret", "answer": deep}
    hidden = _hide_secrets(None, "info", event)
    assert "s3cret" not in str(hidden)
    assert hidden["answer"]["auth"][1] == {"user": "ada"} and hidden["event"] == "said"
