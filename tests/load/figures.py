"""What a benchmark returns: figures, each with its samples, its peer in the same run, and its aim."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Of = Literal["value", "ratio"]


@dataclass(frozen=True)
class Aim:
    """A bound on a figure's value, or on its ratio to its peer."""

    bound: Literal["≤", "≥"]
    limit: float
    of: Of = "value"

    def holds(self, measured: float) -> bool:
        """Say whether ``measured`` keeps the bound."""
        return measured <= self.limit if self.bound == "≤" else measured >= self.limit


def at_most(limit: float, of: Of = "value") -> Aim:
    """An aim that is met by what is small enough."""
    return Aim("≤", limit, of)


def at_least(limit: float, of: Of = "value") -> Aim:
    """An aim that is met by what is large enough."""
    return Aim("≥", limit, of)


@dataclass(frozen=True)
class Peer:
    """What a figure is compared with, measured in the same run: its name, value and samples."""

    name: str
    value: float
    samples: tuple[float, ...] = ()


@dataclass(frozen=True)
class Figure:
    """One line of a benchmark's table. ``samples`` are what ``value`` was made of, in the same unit."""

    name: str
    value: float
    unit: str
    samples: tuple[float, ...] = ()
    peer: Peer | None = None
    aim: Aim | None = None

    @property
    def ratio(self) -> float | None:
        """The value by that of the peer; None without a peer, or where the peer's value is 0."""
        return self.value / self.peer.value if self.peer and self.peer.value else None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without an aim. An aim of a ratio that does not exist is missed."""
        if self.aim is None:
            return None
        measured = self.value if self.aim.of == "value" else self.ratio
        return measured is not None and self.aim.holds(measured)


def median(name: str, unit: str, samples: Sequence[float], aim: Aim | None = None, peer: Peer | None = None) -> Figure:
    """A figure that is the median of its samples."""
    return Figure(name, statistics.median(samples), unit, tuple(samples), peer, aim)


def p99(name: str, unit: str, samples: Sequence[float], aim: Aim | None = None, peer: Peer | None = None) -> Figure:
    """A figure that is the 99th percentile of its samples."""
    return Figure(name, percentile(samples, 99), unit, tuple(samples), peer, aim)


def as_peer(figure: Figure) -> Peer:
    """A figure as what another one is compared with."""
    return Peer(figure.name, figure.value, figure.samples)


def percentile(samples: Sequence[float], percent: int) -> float:
    """The smallest sample that is not below ``percent`` of all of them."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Count, extremes, mean and percentiles of samples; nothing of none."""
    if not samples:
        return {}
    return {
        "count": len(samples),
        "min": min(samples),
        "median": statistics.median(samples),
        "mean": statistics.fmean(samples),
        "p90": percentile(samples, 90),
        "p99": percentile(samples, 99),
        "max": max(samples),
    }
