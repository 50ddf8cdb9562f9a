"""Rows of the saga tables as objects, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row

from services.chassis.saga.model import Operation, Reason, StepView, UnitView

_EVIDENCE_CHARACTERS = 20_000
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def operation_of(row: Row[Any]) -> Operation:
    """Return the operation in a row of ``saga_operation``."""
    return _convert(row._asdict(), Operation)


def unit_of(row: Row[Any]) -> UnitView:
    """Return the unit in a row of ``saga_unit``."""
    return _convert(row._asdict(), UnitView)


def step_of(row: Row[Any], units: Sequence[UnitView]) -> StepView:
    """Return the step in a row of ``saga_step``, with its units."""
    return _convert({**row._asdict(), "units": list(units)}, StepView)


def reason_row(reason: Reason | None) -> dict[str, Any] | None:
    """Return what is kept of a reason: PostgreSQL's text has no NUL, and evidence keeps its end."""
    if reason is None:
        return None
    evidence = reason.evidence and reason.evidence.replace("\0", "\ufffd")[-_EVIDENCE_CHARACTERS:]
    kept = msgspec.structs.replace(reason, sentence=reason.sentence.replace("\0", "\ufffd"), evidence=evidence)
    result: dict[str, Any] = msgspec.to_builtins(kept)
    return result


def _convert(mapping: Mapping[str, Any], kind: type[_Struct]) -> _Struct:
    fields = {name: mapping[name] for name in kind.__struct_fields__}
    return msgspec.convert(fields, kind)
