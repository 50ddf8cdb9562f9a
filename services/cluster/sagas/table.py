"""All sagas of the cluster service, by name: what the worker runs and what the tests walk."""

from services.chassis.saga import Saga
from services.cluster.sagas.build import BUILD
from services.cluster.sagas.delete import DELETE

SAGAS: dict[str, Saga] = {saga.name: saga for saga in (BUILD, DELETE)}
