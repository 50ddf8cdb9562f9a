"""What the checks of one cloud found, as `cloudpoint doctor` shows it."""

import msgspec

from services.contracts.body import Body
from services.contracts.times import Timestamp


class Cloud(msgspec.Struct, frozen=True, kw_only=True):
    """A cloud that clusters can be built on; ``default`` if it is the one that is taken when none is named."""

    id: str
    default: bool


class CloudFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found.

    ``state`` is ``ok``, ``warning`` (works, but not for everything or not for long), ``failed`` (builds will fail) or
    ``unchecked`` (can't be told before something else is mended). ``evidence`` is what the cloud itself said.
    """

    check: str
    state: str
    sentence: str
    what_to_mend: str | None = None
    evidence: str | None = None


class CloudReport(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one service at one cloud, in the order in which they are best mended."""

    cloud_id: str
    service: str
    looked_at: Timestamp
    findings: list[CloudFinding]


class CheckCloud(Body, frozen=True):
    """``project`` (an id) is whose quotas, image, network and flavors are looked at: each project sees its own."""

    project: str | None = None
