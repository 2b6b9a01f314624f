"""Plots as geometry: what a template draws as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, LANE, LEFT, BOTTOM = 640, 64, 110, 28
# The label of the last tick stands half beyond it.
_MARGIN = 24
_BARS_A_DECADE = 10
_MARKS = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar in pixels of the plot."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One distribution: its bars, where its percentiles stand, and the figures in milliseconds."""

    name: str
    top: float
    base: float
    bars: tuple[Bar, ...]
    marks: Mapping[str, float]
    figures: Mapping[str, float]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Distributions of times over one logarithmic axis; `ticks` are (x, label) pairs."""

    width: int
    height: float
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]


def latency_plot(times_ms: Mapping[str, Sequence[float]]) -> Plot | None:
    """Return histograms of times in milliseconds, by name; None if there are none."""
    given = {name: sorted(max(time, 0.001) for time in times) for name, times in times_ms.items() if times}
    if not given:
        return None
    low = math.floor(math.log10(min(times[0] for times in given.values())))
    high = max(math.floor(math.log10(max(times[-1] for times in given.values()))) + 1, low + 1)
    scale = (WIDTH - LEFT - 20) / (high - low)

    def place(time: float) -> float:
        return round(LEFT + (math.log10(time) - low) * scale, 1)

    lanes = tuple(
        _lane(name, times, index * LANE + 8, low, scale, {mark: place(_at(times, q)) for mark, q in _MARKS.items()})
        for index, (name, times) in enumerate(given.items())
    )
    ticks = tuple((round(LEFT + (power - low) * scale, 1), _label(power)) for power in range(low, high + 1))
    return Plot(width=WIDTH + _MARGIN, height=len(lanes) * LANE + BOTTOM, lanes=lanes, ticks=ticks)


def _lane(name: str, times: Sequence[float], top: float, low: int, scale: float, marks: Mapping[str, float]) -> Lane:
    counts: dict[int, int] = {}
    for time in times:
        slot = math.floor((math.log10(time) - low) * _BARS_A_DECADE)
        counts[slot] = counts.get(slot, 0) + 1
    width, room, most = scale / _BARS_A_DECADE, LANE - 22, max(counts.values())
    base = top + room + 8
    bars = tuple(
        Bar(
            x=round(LEFT + slot * width, 1),
            y=round(base - room * count / most, 1),
            width=round(max(width - 1, 1), 1),
            height=round(room * count / most, 1),
        )
        for slot, count in sorted(counts.items())
    )
    figures = {mark: round(_at(times, share), 3) for mark, share in _MARKS.items()} | {"slowest": round(times[-1], 3)}
    return Lane(name=name, top=top, base=base, bars=bars, marks=marks, figures=figures, count=len(times))


def _at(times: Sequence[float], share: float) -> float:
    """Return a percentile by nearest rank: a time that was measured."""
    return times[max(1, math.ceil(share * len(times))) - 1]


def _label(power: int) -> str:
    return f"{10**power:g} ms" if power < 3 else f"{10 ** (power - 3):g} s"
