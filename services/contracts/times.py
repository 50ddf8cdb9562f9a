"""Times on the wire: RFC 3339 with an offset, aware inside."""

from datetime import datetime
from typing import Annotated

import msgspec

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment; a text without an offset is refused."""
