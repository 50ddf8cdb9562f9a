"""What the door's log says of a refusal."""

from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from services.chassis.errors import Conflict
from services.gateway.routes import door


def test_a_context_that_clashes_with_the_logs_own_words_breaks_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(door, "log", log)
    problem = Conflict("It is sealed.", status="shadow", code="shadow", event="shadow", cause="wax")
    request: Any = SimpleNamespace(responded=False)
    response = door._refuse(request, problem, "trace")
    assert response is not None and response.status == 409
    said = {"status": 409, "code": "conflict", "detail": "It is sealed.", "cause": "wax"}
    assert log.calls[0].args == ("request.refused",) and log.calls[0].kwargs == said
