"""Whether answers became slower or faster, said only where it is beyond what noise and the machine explain.

Requests close in time are not independent, so the times of a group are put into consecutive batches,
and the medians of the batches are compared by ranks. All intervals of one comparison hold together at
the level `CHANCE` (Bonferroni). A group is named where its whole interval lies beyond the smallest shift of
interest, in milliseconds and as a ratio, and where two innocent causes cannot explain it: a machine or a line that
is slower for all alike, t' = a t + b with a >= 1 and b >= 0, for then of two times the longer grows less as a
ratio; and a service under load, which makes what is above the quick answers of the same moment up to `LOAD`
times as long.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median

from sendproof.reports.comparison.comparison_values import SHIFTED, STEADY, TOO_FEW, Interval, Latency
from sendproof.reports.comparison.shared_cases import case_of, family_of
from sendproof.reports.results import SavedExchange


def shift(old: Sequence[float], new: Sequence[float], chance: float) -> Interval | None:
    """Return by how much `new` lies above `old`, with the interval that misses the truth with `chance` at most.

    None where the samples are too small for any interval of that level.
    """
    differences = sorted(after - before for before, after in itertools.product(old, new))
    cut = _cut(len(old), len(new), chance)
    if cut < 1:
        return None
    return Interval(estimate=median(differences), low=differences[cut - 1], high=differences[-cut])


@lru_cache(maxsize=256)
def _cut(first: int, second: int, chance: float) -> int:
    """Return how many of the smallest differences may be left out: the largest k with 2 P(U < k) <= chance."""
    counts = _counts(first, second)
    total = math.comb(first + second, first)
    below = itertools.accumulate(counts)
    return next(number for number, count in enumerate(below) if 2 * count > chance * total)


@lru_cache(maxsize=256)
def _counts(first: int, second: int) -> tuple[int, ...]:
    """Return in how many orders of both samples Mann and Whitney's U is 0, 1, 2 and so on."""
    if not first or not second:
        return (1,)
    counts = [0] * (first * second + 1)
    # The largest of all is of the first sample, and then exceeds all of the second; or it is of the second.
    for number, count in enumerate(_counts(first - 1, second)):
        counts[number + second] += count
    for number, count in enumerate(_counts(first, second - 1)):
        counts[number] += count
    return tuple(counts)


CHANCE = 0.01
SMALLEST_SHIFT_MS, SMALLEST_RATIO = 5.0, 1.2
# All answers together have nothing to be held against: load alone makes whole runs slower.
SMALLEST_COMMON_SHIFT_MS, SMALLEST_COMMON_RATIO = 50.0, 1.5
LOAD = 2.0
FEWEST_TIMES = 16
MOST_BATCHES = 10
_TIMES_IN_BATCH = 2
# Half of what is called "the same moment", in exchanges.
_REACH = 40
_QUICK = 0.25
_SHORTEST_MS, _LONGEST_MS = 1e-3, 1e9

Group = tuple[int | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """One time in milliseconds, with that of the quick answers of the same moment."""

    ms: float
    quick_ms: float


_Times = dict[Group, list[_Time]]
# What is compared of an earlier and of a later time, and how far it must shift to be of interest.
_View = tuple[Callable[[_Time], float], Callable[[_Time], float], float]


def compare_latency(
    old: Sequence[SavedExchange], new: Sequence[SavedExchange], cases: frozenset[str]
) -> tuple[Latency, ...]:
    """Compare the times of the answers to `cases`, by status and family; wider groups come first."""
    ours, theirs = _grouped(old, cases), _grouped(new, cases)
    groups = sorted(ours.keys() & theirs.keys(), key=_order)
    tested = sum(_is_enough(ours[group], theirs[group]) for group in groups)
    found = tuple(_compared(group, ours[group], theirs[group], CHANCE / max(tested, 1)) for group in groups)
    return _rolled_up(found)


def _order(group: Group) -> tuple[int, str]:
    status, family = group
    return (-1 if status is None else status, family or "")


def _grouped(exchanges: Sequence[SavedExchange], cases: frozenset[str]) -> _Times:
    answered = [item for item in exchanges if item.status is not None]
    times = [min(max(item.elapsed_ms, _SHORTEST_MS), _LONGEST_MS) for item in answered]
    groups: _Times = defaultdict(list)
    for item, ms, quick_ms in zip(answered, times, _quick(times), strict=True):
        name = case_of(item)
        if name in cases and name is not None:
            time = _Time(ms=ms, quick_ms=quick_ms)
            for group in ((None, None), (item.status, None), (item.status, family_of(name))):
                groups[group].append(time)
    return groups


def _quick(times: Sequence[float]) -> Iterable[float]:
    """Yield for each time the lower quartile of those around it."""
    window = sorted(times[:_REACH])
    for index in range(len(times)):
        if index + _REACH < len(times):
            bisect.insort(window, times[index + _REACH])
        if index > _REACH:
            del window[bisect.bisect_left(window, times[index - _REACH - 1])]
        yield window[int(_QUICK * (len(window) - 1))]


def _is_enough(old: Sequence[_Time], new: Sequence[_Time]) -> bool:
    return min(len(old), len(new)) >= FEWEST_TIMES


def _compared(group: Group, old: Sequence[_Time], new: Sequence[_Time], chance: float) -> Latency:
    status, family = group
    result = Latency(
        status=status,
        family=family,
        verdict=TOO_FEW,
        old_ms=tuple(item.ms for item in old),
        new_ms=tuple(item.ms for item in new),
    )
    if not _is_enough(old, new):
        return result
    shift_ms, ratio = _shift(old, new, _MS, chance), _shift(old, new, _LOG, chance)
    if shift_ms is None or ratio is None:
        return result
    views = _ALL_TOGETHER if status is None else _ONE_GROUP
    has_shifted = _is_slower(old, new, views, chance) or _is_slower(new, old, views, chance)
    return replace(result, verdict=SHIFTED if has_shifted else STEADY, shift_ms=shift_ms, ratio=_exponential(ratio))


def _shift(before: Sequence[_Time], after: Sequence[_Time], view: _View, chance: float) -> Interval | None:
    of_before, of_after, _ = view
    return shift(_batches(before, of_before), _batches(after, of_after), chance)


def _is_slower(before: Sequence[_Time], after: Sequence[_Time], views: Iterable[_View], chance: float) -> bool:
    """Tell whether every interval lies above the least shift of its view."""
    shifts = ((_shift(before, after, view, chance), view[2]) for view in views)
    return all(found is not None and found.low > least for found, least in shifts)


def _batches(times: Sequence[_Time], view: Callable[[_Time], float]) -> tuple[float, ...]:
    """Return the medians of consecutive batches of about the same size."""
    count = min(MOST_BATCHES, len(times) // _TIMES_IN_BATCH)
    edges = [len(times) * number // count for number in range(count + 1)]
    return tuple(median(map(view, times[start:end])) for start, end in itertools.pairwise(edges))


def _exponential(found: Interval) -> Interval:
    return Interval(estimate=math.exp(found.estimate), low=math.exp(found.low), high=math.exp(found.high))


def _ms(time: _Time) -> float:
    return time.ms


def _log(time: _Time) -> float:
    return math.log(time.ms)


def _beyond_ms(time: _Time) -> float:
    return time.ms - time.quick_ms


def _beyond_ms_under_load(time: _Time) -> float:
    return LOAD * max(time.ms - time.quick_ms, 0.0)


def _beyond_log(time: _Time) -> float:
    return math.log(time.ms / time.quick_ms)


_MS: _View = (_ms, _ms, SMALLEST_SHIFT_MS)
_LOG: _View = (_log, _log, math.log(SMALLEST_RATIO))
_ALL_TOGETHER: tuple[_View, ...] = (
    (_ms, _ms, SMALLEST_COMMON_SHIFT_MS),
    (_log, _log, math.log(SMALLEST_COMMON_RATIO)),
)
_ONE_GROUP: tuple[_View, ...] = (
    _MS,
    _LOG,
    (_beyond_ms_under_load, _beyond_ms, SMALLEST_SHIFT_MS),
    (_beyond_log, _beyond_log, math.log(SMALLEST_RATIO)),
)


def _rolled_up(found: Sequence[Latency]) -> tuple[Latency, ...]:
    """Mark what is told already: the families of a status that shifted whole, and a status of which only some did."""
    return tuple(
        replace(item, rolled_up=item.verdict == SHIFTED and _is_reported_already(item, found)) for item in found
    )


def _is_reported_already(item: Latency, found: Sequence[Latency]) -> bool:
    if item.status is None:
        return False
    families = [other for other in found if other.status == item.status and other.family is not None]
    shifted = [other for other in families if other.verdict == SHIFTED]
    steady = [other for other in families if other.verdict == STEADY]
    is_whole = not steady and any(
        other.status == item.status and other.family is None and other.verdict == SHIFTED for other in found
    )
    return is_whole if item.family is not None else bool(shifted and steady)
