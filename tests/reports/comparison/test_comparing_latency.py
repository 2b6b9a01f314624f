from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import pytest

from sendproof.reports.comparison.comparison_values import Latency
from sendproof.reports.comparison.latency import CHANCE, FEWEST_TIMES, compare_latency, shift
from sendproof.reports.comparison.shared_cases import case_of
from sendproof.reports.results import SavedExchange

from .machines import times
from .support import exchange, of_answers


def compared(old: Sequence[SavedExchange], new: Sequence[SavedExchange]) -> tuple[Latency, ...]:
    return compare_latency(old, new, frozenset(name for item in old if (name := case_of(item))))


def named(old: Sequence[SavedExchange], new: Sequence[SavedExchange]) -> list[tuple[int | None, str | None]]:
    return [(item.status, item.family) for item in compared(old, new) if item.is_reported]


def paced(ms: float, count: int, *, family: str = "texts", status: int = 200) -> list[SavedExchange]:
    """Answers that take as long as that, give or take a tenth."""
    rng = random.Random(f"{ms} {family}")
    return [exchange(f"{family}.{n}", status, {}, elapsed_ms=ms * rng.uniform(0.9, 1.1)) for n in range(count)]


def mixed(*parts: Sequence[SavedExchange]) -> list[SavedExchange]:
    return [item for row in itertools.zip_longest(*parts) for item in row if item]


def false_alarms(pairs: range) -> int:
    """Count the pairs of runs of one target, on a machine of another pace each time, in which anything is named."""
    count = 0
    for seed in pairs:
        rng = random.Random(seed)
        # A mock on this machine, up to five times as slow; or a service on a line, up to twice as slow.
        low, high, line_ms, jitter_ms = (0.5, 2.5, 0.0, 0.0) if seed % 2 else (0.7, 1.4, 100.0, 20.0)
        old, new = (
            list(times(2 * seed + n, factor=rng.uniform(low, high), offset_ms=line_ms + rng.uniform(0, jitter_ms)))
            for n in range(2)
        )
        count += bool(named(old, new))
    return count


def test_noise_is_not_named() -> None:
    assert false_alarms(range(30)) == 0


@pytest.mark.slow
def test_false_alarms_stay_under_the_stated_level() -> None:
    assert false_alarms(range(300)) <= CHANCE * 300


def test_one_slower_family_is_named_and_no_other() -> None:
    pairs = [(list(times(2 * n)), list(times(2 * n + 1, slower={"lengths": 30.0}))) for n in range(10)]
    assert [named(old, new) for old, new in pairs] == [[(200, "lengths")]] * 10


def test_one_faster_family_is_named_and_no_other() -> None:
    pairs = [(list(times(2 * n, slower={"lengths": 30.0})), list(times(2 * n + 1))) for n in range(10)]
    found = [named(old, new) for old, new in pairs]
    assert found.count([(200, "lengths")]) >= 8
    assert found.count([]) == 10 - found.count([(200, "lengths")])


def test_slower_status_is_named_once_for_its_families() -> None:
    refused = paced(4, 60, family="numbers", status=400) + paced(4, 40, family="hostile", status=400)
    old = mixed(refused, paced(4, 30) + paced(4, 30, family="media"))
    new = mixed(refused, paced(40, 30) + paced(40, 30, family="media"))
    assert named(old, new) == [(200, None)]


def test_family_that_carries_its_status_along_is_named_alone() -> None:
    refused = paced(4, 80, family="numbers", status=400)
    old = mixed(refused, paced(4, 60), paced(4, 20, family="media"))
    new = mixed(refused, paced(40, 60), paced(4, 20, family="media"))
    assert named(old, new) == [(200, "texts")]


def test_all_answers_are_named_together() -> None:
    assert named(paced(12, 118), paced(160, 120)[:118]) == [(None, None)]


@pytest.mark.parametrize(
    ("factor", "offset_ms"), [(5.0, 0.0), (1.0, 45.0), (3.0, 20.0)], ids=["machine", "line", "both"]
)
def test_machine_that_is_slower_for_all_is_not_named(factor: float, offset_ms: float) -> None:
    parts = [(3, 60, "texts"), (6, 40, "media"), (12, 30, "hostile")]
    old = mixed(*(paced(ms, count, family=family) for ms, count, family in parts))
    new = mixed(*(paced(ms * factor + offset_ms, count, family=family) for ms, count, family in parts))
    assert named(old, new) == []


def test_shift_below_the_smallest_of_interest_is_not_named() -> None:
    quick = paced(4, 80, family="numbers", status=400)
    assert named(mixed(quick, paced(4, 60)), mixed(quick, paced(8, 60))) == []
    slow = paced(400, 60)
    assert named(mixed(quick, slow), mixed(quick, paced(440, 60))) == []


def test_shift_is_told_with_its_interval_and_sizes() -> None:
    quick = paced(4, 80, family="numbers", status=400)
    found = compared(mixed(quick, paced(12, 60)), mixed(quick, paced(160, 59)))
    [item] = [item for item in found if item.is_reported]
    assert item.shift_ms
    assert item.ratio
    assert item.shift_ms.low < item.shift_ms.estimate < item.shift_ms.high
    assert item.shift_ms.estimate == pytest.approx(148, abs=3)
    assert item.ratio.estimate == pytest.approx(160 / 12, rel=0.03)
    assert (len(item.old_ms), len(item.new_ms)) == (60, 59)


def test_few_times_are_too_few_to_tell() -> None:
    quick = paced(4, 80, family="numbers", status=400)
    few = FEWEST_TIMES - 1
    found = compared(mixed(quick, paced(4, few)), mixed(quick, paced(4000, few)))
    assert {item.verdict for item in found if item.status == 200} == {"too_few"}
    assert not [item for item in found if item.is_reported]


def test_so_many_groups_that_no_interval_is_narrow_enough_are_too_few_to_tell() -> None:
    families = [paced(4, FEWEST_TIMES, family=f"f{n}") for n in range(100)]
    found = compared(mixed(*families), mixed(*families))
    assert {item.verdict for item in found if item.family == "f0"} == {"too_few"}


def test_times_are_compared_for_shared_cases_alone() -> None:
    quick = paced(4, 80, family="numbers", status=400)
    found = of_answers(mixed(quick, paced(4, 40)), mixed(quick, paced(400, 40, family="others")))
    assert found.shifts == ()


def test_result_is_the_same_each_time() -> None:
    old, new = list(times(1)), list(times(2))
    assert compared(old, new) == compared(old, new)


def test_times_without_bounds_are_borne() -> None:
    odd = [exchange(f"texts.{n}", elapsed_ms=ms) for n, ms in enumerate([0.0, 1e300, 5e-324, 1.0] * 10)]
    assert named(odd, odd) == []


def test_nothing_is_compared_of_nothing() -> None:
    assert compare_latency((), (), frozenset()) == ()


def test_interval_is_that_of_the_tables() -> None:
    # Hollander, Wolfe, Chicken: for m = n = 5 U is below 3 with a chance of 4 in 252 on one side.
    found = shift([1, 2, 3, 4, 5], [11, 12, 13, 14, 15], 0.05)
    assert found
    assert (found.estimate, found.low, found.high) == (10, 7, 13)


@pytest.mark.parametrize("chance", [0.1, 0.01])
def test_interval_misses_no_more_often_than_it_says(chance: float) -> None:
    rng = random.Random(1)
    misses = 0
    for _ in range(400):
        found = shift([rng.expovariate(1) for _ in range(8)], [3 + rng.expovariate(1) for _ in range(9)], chance)
        assert found
        misses += not found.low <= 3 <= found.high
    assert misses / 400 <= chance + 3 * math.sqrt(chance / 400)


def test_interval_that_samples_are_too_small_for_is_none() -> None:
    assert shift([1.0, 2.0], [3.0, 4.0], 0.01) is None
