"""Operations as their readers see them, from the rows of the saga."""

from services.chassis.saga import Operation as SagaOperation
from services.chassis.saga import Reason as SagaReason
from services.chassis.saga import StepView as SagaStep
from services.contracts.cluster import Operation, Reason, StepView, UnitView


def operation_view(
    operation: SagaOperation,
    steps: list[SagaStep],
    allowed: list[str],
    seconds_left: float | None = None,
    *,
    runbooks: str,
) -> Operation:
    """Return an operation with its steps, what may be asked of it now, and how long it will still take.

    A parked one whose reason has no runbook of its own gets the general one, below the address ``runbooks``.
    """
    general = f"{runbooks}/operation-parked.md" if operation.state == "parked" else None
    return Operation(
        id=operation.id,
        kind=operation.saga,
        project_id=operation.project_id,
        cluster_id=operation.subject,
        state=operation.state,
        reason=_reason(operation.reason, general),
        steps=[_step(step) for step in steps],
        allowed=allowed,
        created_at=operation.created_at,
        started_at=operation.started_at,
        ended_at=operation.ended_at,
        seconds_left=seconds_left,
    )


def _step(step: SagaStep) -> StepView:
    whole = next((unit for unit in step.units if not unit.key), None)
    return StepView(
        name=step.name,
        title=step.title,
        phase=step.phase,
        state=step.state,
        attempts=whole.attempts if whole else 0,
        note=whole.note if whole else None,
        reason=_reason(step.reason),
        started_at=step.started_at,
        ended_at=step.ended_at,
        units=[
            UnitView(
                key=unit.key,
                state=unit.state,
                attempts=unit.attempts,
                note=unit.note,
                reason=_reason(unit.reason),
                started_at=unit.started_at,
                ended_at=unit.ended_at,
            )
            for unit in step.units
            if unit.key
        ],
    )


def _reason(reason: SagaReason | None, runbook: str | None = None) -> Reason | None:
    if reason is None:
        return None
    return Reason(
        slug=reason.slug, sentence=reason.sentence, evidence=reason.evidence or None, runbook=reason.runbook or runbook
    )
