"""One run of the faults: how long what is away is away, and what is said at the end."""

import sys
from dataclasses import dataclass, field

import pytest

NAME = "faults-real"
_SHOWN_CHARACTERS = 3000


@dataclass(eq=False)
class Campaign:
    """A plugin of pytest, there only when the faults were asked for. ``away_seconds`` is how long a part is missed."""

    away_seconds: float
    minute_seconds: float
    _passed: set[str] = field(default_factory=set)
    _failed: set[str] = field(default_factory=set)

    @staticmethod
    def of(config: pytest.Config) -> "Campaign | None":
        """Return the campaign that runs, if one does."""
        return next((one for one in config.pluginmanager.get_plugins() if isinstance(one, Campaign)), None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a fault went; one that could not even begin, or left something, has failed."""
        if report.failed:
            self._failed.add(report.nodeid)
            sys.stdout.write(f"\n{report.longreprtext[-_SHOWN_CHARACTERS:]}\n")
        elif report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    def verdict(self) -> str:
        """Return how many faults ended as they should, of all that were tried."""
        good = self._passed - self._failed
        tried = self._passed | self._failed
        word = "ok" if tried and good == tried else "failed"
        return f"{NAME}: {word}, {len(good)} of {len(tried)}"
