"""Time and spend of each column, as figures and as the geometry of plots."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sendproof.reports.matrix.rows import Table
from sendproof.reports.results import SavedRun

WIDTH, LANE, LEFT, RIGHT, BOTTOM = 700, 26, 260, 40, 26
SPEND_WIDTH, SPEND_LANE, SPEND_RIGHT = 300, 44, 80
_SHARES: Mapping[str, float] = MappingProxyType({"p50": 0.50, "p95": 0.95, "p99": 0.99})
_SHORTEST_MS = 0.001
# By the first digit of the status code, in the order in which they are shown.
_CLASSES: Mapping[int, str] = MappingProxyType({2: "success (2xx)", 4: "refusal (4xx)", 5: "server error (5xx)"})
_OTHER = "other status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long some answers of a column took: percentiles in milliseconds, by nearest rank.

    `source` says where they come from: "exchanges" (each answer of the archive, by the class of its
    status code) or "results" (percentiles that the run wrote down, by outcome).
    """

    label: str
    answers: str
    count: int
    p50: float
    p95: float
    p99: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One line of the plot of times, in pixels: from the median over the 95th to the 99th percentile."""

    times: Times
    y: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePlot:
    """Times over one logarithmic axis; `ticks` are (x, label) pairs."""

    width: int
    height: float
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of the plot of spend; `width` is in pixels, `value` None where the contract names no price."""

    label: str
    y: float
    width: float
    value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendPlot:
    """Bars of one measure, each as long as its part of the largest, below its label."""

    measure: str
    width: int
    height: float
    bars: tuple[Bar, ...]


def times(table: Table) -> tuple[Times, ...]:
    """Return the times of every column, in the order of the columns."""
    return tuple(item for column in table.columns for item in _times(column.label, column.run))


def _times(label: str, run: SavedRun) -> tuple[Times, ...]:
    if run.exchanges is None:
        return tuple(
            _times_of(label, outcome, int(figures["count"]), tuple(figures[name] for name in _SHARES), "results")
            for outcome, figures in run.latency_ms.items()
            if figures["count"]
        )
    found: dict[str, list[float]] = {name: [] for name in (*_CLASSES.values(), _OTHER)}
    for item in run.exchanges:
        if item.status is not None:
            found[_CLASSES.get(item.status // 100, _OTHER)].append(item.elapsed_ms)
    return tuple(
        _times_of(label, name, len(elapsed), _percentiles(sorted(elapsed)), "exchanges")
        for name, elapsed in found.items()
        if elapsed
    )


def _times_of(label: str, answers: str, count: int, percentiles: Sequence[float], source: str) -> Times:
    p50, p95, p99 = percentiles
    return Times(label=label, answers=answers, count=count, p50=p50, p95=p95, p99=p99, source=source)


def _percentiles(elapsed: Sequence[float]) -> tuple[float, ...]:
    ranks = (max(1, math.ceil(share * len(elapsed))) for share in _SHARES.values())
    return tuple(elapsed[rank - 1] for rank in ranks)


def time_plot(found: Sequence[Times]) -> TimePlot | None:
    """Return the plot of times, or None where there are none."""
    if not found:
        return None
    low = math.floor(_power(min(item.p50 for item in found)))
    high = max(math.ceil(_power(max(item.p99 for item in found))), low + 1)
    scale = (WIDTH - LEFT - RIGHT) / (high - low)

    def place(time_ms: float) -> float:
        return round(LEFT + (_power(time_ms) - low) * scale, 1)

    lanes = tuple(
        Lane(times=item, y=(number + 0.5) * LANE, p50=place(item.p50), p95=place(item.p95), p99=place(item.p99))
        for number, item in enumerate(found)
    )
    ticks = tuple((round(LEFT + (power - low) * scale, 1), _label(power)) for power in range(low, high + 1))
    return TimePlot(width=WIDTH, height=len(lanes) * LANE + BOTTOM, lanes=lanes, ticks=ticks)


def _power(time_ms: float) -> float:
    return math.log10(max(time_ms, _SHORTEST_MS))


def _label(power: int) -> str:
    return f"{10.0**power:g} ms" if power < 3 else f"{10.0 ** (power - 3):g} s"


def spend_plots(table: Table) -> tuple[SpendPlot, ...]:
    """Return one plot for each of requests, accepted messages and credits that some column has."""
    measures: Mapping[str, tuple[int | None, ...]] = {
        "requests": tuple(column.run.requests for column in table.columns),
        "accepted messages": tuple(column.run.accepted for column in table.columns),
        "credits": tuple(column.run.credits for column in table.columns),
    }
    labels = [column.label for column in table.columns]
    return tuple(_spend_plot(name, labels, values) for name, values in measures.items() if any(values))


def _spend_plot(measure: str, labels: Sequence[str], values: Sequence[int | None]) -> SpendPlot:
    room, most = SPEND_WIDTH - SPEND_RIGHT, max(value or 0 for value in values)
    bars = tuple(
        Bar(label=label, y=number * SPEND_LANE, width=round(room * (value or 0) / most, 1), value=value)
        for number, (label, value) in enumerate(zip(labels, values, strict=True))
    )
    return SpendPlot(measure=measure, width=SPEND_WIDTH, height=len(bars) * SPEND_LANE, bars=bars)
