"""The last net under secrets in the log."""

import logging
import sys
from pathlib import Path

import pytest
import structlog

from services.chassis.config import LogSettings
from services.chassis.log import _hide_secrets, configure_logs, get_logger


def test_work_goes_on_when_the_disk_of_the_log_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115
    monkeypatch.setattr(sys, "stderr", full)
    with pytest.raises(OSError, match="No space left"):
        full.write("x\n")
    configure_logs(LogSettings(), "desk")
    try:
        get_logger("test").error("said")
        logging.getLogger("library").error("said")
    finally:
        structlog.reset_defaults()


def test_values_that_are_named_like_secrets_are_hidden_however_deep() -> None:
    deep = {"auth": [{"password": "s3cret"}, {"user": "ada"}], "tokens": ["s3cret"]}
    event = {"event": "said", "api_token": "s3cret", "secret": b"s3cret", "answer": deep}
    hidden = _hide_secrets(None, "info", event)
    assert "s3cret" not in str(hidden)
    assert hidden["answer"]["auth"][1] == {"user": "ada"} and hidden["event"] == "said"
