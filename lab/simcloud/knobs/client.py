"""The knobs of a running cloud, turned from another process."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from lab.simcloud.config import knobs_socket

_MOST_SECONDS = 60.0
_MOST_SEED_SECONDS = 900.0


class KnobError(Exception):
    """The knobs' API refused; the text says why."""


class Knobs:
    """A client of the knobs' API; what it sends and answers is in the README."""

    def __init__(self, state: Path) -> None:
        """state: the cloud's folder."""
        transport = httpx.HTTPTransport(uds=str(knobs_socket(state)))
        self._client = httpx.Client(transport=transport, base_url="http://knobs")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def on_call(self, effect: str, **fields: Any) -> str:
        """Sets a knob of calls (`records.CallKnob`); its id."""
        return str(self._ask("POST", "/knobs", {"on": "call", "effect": effect, **fields})["id"])

    def on_work(self, kind: str, effect: str, **fields: Any) -> str:
        """Sets a knob of work (`records.WorkKnob`); its id."""
        return str(self._ask("POST", "/knobs", {"on": "work", "kind": kind, "effect": effect, **fields})["id"])

    def put(self, knobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Sets several, all or none."""
        return list(self._ask("POST", "/knobs", {"knobs": knobs})["knobs"])

    def all(self) -> list[dict[str, Any]]:
        """All that are set, with their counts."""
        return list(self._ask("GET", "/knobs")["knobs"])

    def show(self, knob_id: str) -> dict[str, Any]:
        """One, with its counts."""
        return self._ask("GET", f"/knobs/{knob_id}")

    def wait_fired(self, knob_id: str, times: int = 1, seconds: float = 30.0) -> dict[str, Any]:
        """One, with its counts, when it has fired so often; TimeoutError if it does not in time."""
        path = f"/knobs/{knob_id}?fired={times}&seconds={seconds}"
        shown = self._ask("GET", path, seconds=seconds + _MOST_SECONDS)
        if shown["fired"] < times:
            raise TimeoutError(f"knob {knob_id} fired {shown['fired']} times in {seconds} s, not {times}")
        return shown

    def remove(self, knob_id: str) -> dict[str, Any]:
        """Removes one; its last counts. What it holds goes on."""
        return self._ask("DELETE", f"/knobs/{knob_id}")

    def clear(self) -> list[dict[str, Any]]:
        """Removes all; their last counts."""
        return list(self._ask("DELETE", "/knobs")["knobs"])

    def tuning(self, **changes: Any) -> dict[str, Any]:
        """The cloud's speeds after these changes (`config.Tuning`)."""
        return self._ask("PATCH", "/tuning", changes)

    def seed(self, **amounts: Any) -> dict[str, Any]:
        """Fills the cloud in bulk (`seed.Seed`); how much there is of it then."""
        return self._ask("POST", "/seed", amounts, _MOST_SEED_SECONDS)

    def _ask(self, method: str, path: str, body: Any = None, seconds: float = _MOST_SECONDS) -> dict[str, Any]:
        answer = self._client.request(method, f"/v1{path}", json=body, timeout=seconds)
        shown: dict[str, Any] = answer.json()
        if answer.is_error:
            raise KnobError(shown["error"])
        return shown
