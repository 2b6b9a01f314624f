from __future__ import annotations

import pytest

from sendproof.reports.matrix.figures import spend_plots, time_plot, times

from .support import exchange, table_of, textflow, textingline

PERCENTILES = {"accepted": {"count": 41, "p50": 1.2, "p95": 2.0, "p99": 2.4}, "refused": {"count": 0}}


def test_times_are_those_of_the_exchanges() -> None:
    exchanges = tuple(exchange(f"x{number}", status=200, elapsed_ms=float(number)) for number in range(1, 101))
    [item] = times(table_of(textflow(exchanges=exchanges, latency_ms=PERCENTILES)))
    assert (item.answers, item.count, item.source) == ("success (2xx)", 100, "exchanges")
    assert (item.p50, item.p95, item.p99) == (50.0, 95.0, 99.0)


def test_times_are_those_of_the_results_without_exchanges() -> None:
    [item] = times(table_of(textflow(latency_ms=PERCENTILES)))
    assert (item.answers, item.count, item.source) == ("accepted", 41, "results")
    assert (item.p50, item.p95, item.p99) == (1.2, 2.0, 2.4)


@pytest.mark.parametrize(
    ("status", "told"),
    [(201, "success (2xx)"), (404, "refusal (4xx)"), (503, "server error (5xx)"), (302, "other status")],
)
def test_answers_are_told_apart_by_their_status(status: int, told: str) -> None:
    assert [item.answers for item in times(table_of(textflow(exchanges=(exchange(status=status),))))] == [told]


def test_exchange_without_an_answer_has_no_time() -> None:
    table = table_of(textflow(exchanges=(exchange(status=None, failure="timeout"),)))
    assert times(table) == ()
    assert time_plot(()) is None


@pytest.mark.parametrize("elapsed_ms", [0.0, 0.0004, 1.0, 999.0, 1000.0, 3_600_000.0])
def test_plot_holds_every_time(elapsed_ms: float) -> None:
    exchanges = (exchange(elapsed_ms=elapsed_ms), exchange(status=200, elapsed_ms=10.0))
    plot = time_plot(times(table_of(textflow(exchanges=exchanges))))
    assert plot is not None
    first, last = plot.ticks[0][0], plot.ticks[-1][0]
    for lane in plot.lanes:
        assert first <= lane.p50 <= lane.p95 <= lane.p99 <= last <= plot.width
        assert 0 < lane.y < plot.height


def test_ticks_name_their_unit() -> None:
    exchanges = (exchange(elapsed_ms=5.0), exchange(status=200, elapsed_ms=5000.0))
    plot = time_plot(times(table_of(textflow(exchanges=exchanges))))
    assert plot is not None
    assert [label for _, label in plot.ticks] == ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]


def test_bars_are_as_long_as_their_part_of_the_largest() -> None:
    requests, *_ = spend_plots(table_of(textflow(requests=100), textingline(requests=50)))
    assert requests.bars[0].width == 2 * requests.bars[1].width > 0


def test_measure_that_nobody_has_is_not_drawn() -> None:
    measures = [plot.measure for plot in spend_plots(table_of(textflow(accepted=0)))]
    assert measures == ["requests"]


def test_column_without_a_price_has_no_bar() -> None:
    *_, credits = spend_plots(table_of(textflow(), textingline(credits=689)))
    assert [(bar.value, bar.width > 0) for bar in credits.bars] == [(None, False), (689, True)]
