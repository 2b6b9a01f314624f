"""Exit codes of a run and their order."""

from __future__ import annotations

from collections.abc import Iterable

OK, FAILED, INTERRUPTED, INTERNAL, USAGE, NOTHING_COLLECTED = 0, 1, 2, 3, 4, 5
INCOMPLETE, ENVIRONMENT, WAIVER = 10, 11, 12
_ORDER = (INTERRUPTED, INTERNAL, USAGE, NOTHING_COLLECTED, FAILED, ENVIRONMENT, WAIVER, INCOMPLETE, OK)


def first_of(codes: Iterable[int]) -> int:
    """Return the code that stands for several: 2 to 5 before 1 before 11 before 12 before 10."""
    return min(codes, key=lambda code: _ORDER.index(code) if code in _ORDER else -1, default=OK)
