"""What looks again and again whether all is as it should be: no input, idempotent, each with its standing mandate."""

from collections.abc import Sequence

from services.chassis.service import Background
from services.cluster.factory import Factory
from services.cluster.reconcilers.drift import Drift
from services.cluster.reconcilers.expiry import Expiry
from services.cluster.reconcilers.orphans import Orphans
from services.cluster.reconcilers.period import periodically


def reconcilers(factory: Factory) -> Sequence[Background]:
    """Return one background task a reconciler."""
    seconds = factory.settings.reconcile_seconds
    return [
        periodically(seconds, Expiry(factory).look),
        periodically(seconds, Orphans(factory).look),
        periodically(seconds, Drift(factory).look),
    ]
