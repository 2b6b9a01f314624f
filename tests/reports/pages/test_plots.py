from __future__ import annotations

import pytest

from sendproof.reports.pages.plots import LEFT, WIDTH, latency_plot


def test_plot_of_no_times_is_none() -> None:
    assert latency_plot({"accepted": []}) is None


def test_plot_counts_every_time_and_measures_by_nearest_rank() -> None:
    plot = latency_plot({"accepted": [float(time) for time in range(1, 101)], "refused": []})
    assert plot is not None
    (lane,) = plot.lanes
    assert lane.count == 100
    assert lane.figures == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "slowest": 100.0}


@pytest.mark.parametrize("times", [[0.0], [5.0], [0.0001, 90_000.0], [10.0, 100.0]], ids=str)
def test_plot_stays_inside_its_frame(times: list[float]) -> None:
    plot = latency_plot({"accepted": times, "refused": times})
    assert plot is not None
    for lane in plot.lanes:
        assert all(bar.x >= LEFT - 1 and bar.x + bar.width <= WIDTH for bar in lane.bars)
        assert all(bar.y >= 0 and bar.y + bar.height <= plot.height for bar in lane.bars)
        assert all(LEFT - 1 <= x <= WIDTH for x in lane.marks.values())
    assert all(0 <= x <= WIDTH for x, _ in plot.ticks)


def test_plot_names_powers_of_ten() -> None:
    plot = latency_plot({"accepted": [0.5, 2000.0]})
    assert plot is not None
    assert [label for _, label in plot.ticks] == ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]
