"""What the door's log says of a refusal."""

from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs

from services.chassis.errors import Conflict
from services.gateway.routes.door import _refuse


def test_a_context_that_clashes_with_the_logs_own_words_breaks_no_answer() -> None:
    problem = Conflict("It is sealed.", status="shadow", code="shadow", event="shadow", cause="wax")
    request: Any = SimpleNamespace(responded=False)
    with capture_logs() as logs:
        response = _refuse(request, problem, "trace")
    assert response is not None and response.status == 409
    said = {"event": "request.refused", "status": 409, "code": "conflict", "detail": "It is sealed.", "cause": "wax"}
    assert {name: logs[0][name] for name in said} == said
