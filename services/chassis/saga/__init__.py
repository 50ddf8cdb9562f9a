"""Work of many steps that survives its workers: parked, resumed, cancelled, undone, and never done by two at once."""

from services.chassis.saga.context import Intent, StepContext
from services.chassis.saga.errors import (
    Interrupted,
    LeaseLost,
    NoSuchOperation,
    StepFailed,
    Suspended,
    Transient,
    WrongState,
)
from services.chassis.saga.model import (
    Change,
    Done,
    Operation,
    Reason,
    Saga,
    Step,
    StepView,
    Unit,
    UnitView,
    Wait,
)
from services.chassis.saga.settings import SagaSettings
from services.chassis.saga.states import OPERATION_STATES, STEP_STATES, UNIT_STATES
from services.chassis.saga.store import OperationPage, OperationStore
from services.chassis.saga.tables import add_saga
from services.chassis.saga.watch import Moment, Watch, unwatched
from services.chassis.saga.worker import SagaWorker

__all__ = [
    "OPERATION_STATES",
    "STEP_STATES",
    "UNIT_STATES",
    "Change",
    "Done",
    "Intent",
    "Interrupted",
    "LeaseLost",
    "Moment",
    "NoSuchOperation",
    "Operation",
    "OperationPage",
    "OperationStore",
    "Reason",
    "Saga",
    "SagaSettings",
    "SagaWorker",
    "Step",
    "StepContext",
    "StepFailed",
    "StepView",
    "Suspended",
    "Transient",
    "Unit",
    "UnitView",
    "Wait",
    "Watch",
    "WrongState",
    "add_saga",
    "unwatched",
]
