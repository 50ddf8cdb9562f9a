"""What the real services answered, kept as shapes in ``observed/``, and the comparison of any cloud with it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.contract.openstack.accepted import accepted
from tests.contract.openstack.api import Answer
from tests.contract.openstack.shapes import differences, merged, shape_of
from tests.contract.openstack.texts import masked

FOLDER = Path(__file__).parent / "observed"
STATES = frozenset({
    "action", "clean_step", "driver", "fault", "power_state", "provision_state", "resource_status", "resource_type",
    "stack_status", "status", "target_power_state", "target_provision_state", "OS-EXT-STS:task_state",
    "OS-EXT-STS:vm_state", "vm_state", "task_state", "vnic_type", "binding:vif_type", "device_owner", "visibility",
    "faultcode", "output_key", "error_code", "type", "title", "error_name", "rel",
})  # fmt: skip
MESSAGES = frozenset(
    {"errors", "message", "faultstring", "last_error", "stack_status_reason", "resource_status_reason"}
)
FREE = frozenset({"driver_info", "driver_internal_info", "properties", "instance_info", "extra", "metadata"})


class Witness:
    """Compares answers with what was observed, or, while ``recording``, adds them to it."""

    def __init__(self, names: dict[str, str], *, recording: bool) -> None:
        self._names = names
        self._recording = recording
        self._books: dict[str, dict[str, Any]] = {}
        self.seen: set[str] = set()

    def see(
        self, name: str, answer: Answer, *, exact: Iterable[str] = (), free: Iterable[str] = (), texts: bool = True
    ) -> Any:
        """Hold one answer against the record ``<service>/<what>``; returns its body.

        Keys in ``exact`` keep their texts, objects in ``free`` only need to be there; ``texts`` keeps messages.
        """
        words = STATES | frozenset(exact) | (MESSAGES if texts else frozenset())
        body = self._without_names(_opened(answer.body))
        self.hold(name, {"status": f"={answer.status}", "body": shape_of(body, words, FREE | frozenset(free))})
        return answer.body

    def hold_body(self, name: str, body: Any) -> None:
        """Hold a part of an answer against the record of this name."""
        self.see(name, Answer(200, body))

    def hold(self, name: str, shape: Any) -> None:
        """Hold any shape against the record of this name; AssertionError with every difference that is not accepted."""
        self.seen.add(name)
        book, _, entry = name.partition("/")
        pages = self._book(book)
        if self._recording:
            pages[entry] = merged(pages.get(entry), shape)
            self._write(book)
            return
        assert entry in pages, f"{name} was never observed at a real cloud: run the suite there with --record"
        wrong = [line for line in differences(shape, pages[entry]) if not accepted(name, line)]
        assert not wrong, f"{name} is not as at the real cloud:\n  " + "\n  ".join(wrong)

    def _book(self, book: str) -> dict[str, Any]:
        if book not in self._books:
            path = FOLDER / f"{book}.json"
            self._books[book] = json.loads(path.read_text()) if path.exists() else {}
        return self._books[book]

    def _write(self, book: str) -> None:
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps(self._books[book], indent=1, sort_keys=True, ensure_ascii=False)
        (FOLDER / f"{book}.json").write_text(text + "\n")

    def _without_names(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {self._masked(name): self._without_names(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._without_names(inner, key) for inner in value]
        return self._masked(value) if isinstance(value, str) and key in MESSAGES | STATES else value

    def _masked(self, text: str) -> str:
        return masked(text, self._names)


def _opened(body: Any) -> Any:
    """Ironic's errors are JSON written as text within JSON: open them."""
    inner = body.get("error_message") if isinstance(body, dict) else None
    return {"error_message": json.loads(inner)} if isinstance(inner, str) and inner.startswith("{") else body
