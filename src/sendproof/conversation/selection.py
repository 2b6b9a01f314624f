"""Selection: which of the cases that a service may let in or not are worth a slot of the budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sendproof.corpus.case import Case

# Of all slots one in so many is for what the documents leave to the service.
_OPEN_SHARE = 6
# So large a part of the requests may come to nothing where a service lets in more than that.
_UNCERTAIN_SHARE = 0.04


def open_slots(room: int) -> int:
    """Return how many of the messages that a budget has room for may answer open questions."""
    return room // _OPEN_SHARE


def open_cases(cases: Iterable[Case], *, room: int, max_requests: int) -> frozenset[str]:
    """Return the ids of the open cases to ask: one for each clause first, then as they come.

    There are hardly more than there are slots for their answers, so that a run asks about the
    same, however many are let in.
    """
    given = [case for case in cases if is_open(case)]
    most = open_slots(room) + int(_UNCERTAIN_SHARE * max_requests)
    chosen = dict.fromkeys((*_first_of_each(given), *given))
    return frozenset(case.id for case in list(chosen)[:most])


def is_open(case: Case) -> bool:
    """Whether a service may let a case in, and need not."""
    return case.may_be_accepted and case.expects != "accept"


def _first_of_each(cases: Sequence[Case]) -> Iterator[Case]:
    """Yield the first case for each clause, and way of presenting a key, that it tells of: the plainest there is."""
    seen: set[tuple[str, str]] = set()
    for reasons in (1, 2, 3):
        for case in cases:
            told = {(clause, case.presents) for clause in (*case.breaks, *case.doubts)}
            if len(told) == reasons and not seen >= told:
                seen |= told
                yield case
