"""The shift between two samples, by ranks: Hodges and Lehmann's estimate and its exact interval.

No distribution is assumed. Source: Hollander, Wolfe, Chicken, Nonparametric Statistical Methods
(3rd ed.), sections 4.1 to 4.3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import median

from sendproof.reports.comparison.comparison_values import Interval


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
