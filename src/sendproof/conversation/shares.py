"""Shares: how many accepted messages the scenarios of a fixture may take, so that all other questions have theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sendproof.corpus.case import Case

# Of a budget that is too small for all, one message in so many is for what fixtures show.
_LEAST_SHARE = 8


def share_of_fixtures(left: int, cases: Iterable[Case], gating: Collection[str], *, others: int) -> int:
    """Return how many of the `left` messages may be spent on what the fixtures of a profile offer.

    What else has to be accepted comes first: each message up to the last that is first evidence for a `gating` clause,
    of the `cases` in the order in which they are asked, and what `others` take, the other scenarios.
    """
    return max(left - others - _needed(cases, gating), left // _LEAST_SHARE, 0)


def _needed(cases: Iterable[Case], gating: Collection[str]) -> int:
    seen: set[str] = set()
    needed = 0
    for number, case in enumerate((case for case in cases if case.expects == "accept"), 1):
        if fresh := {clause for clause in case.clauses if clause in gating and clause not in seen}:
            seen |= fresh
            needed = number
    return needed
