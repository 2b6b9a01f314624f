"""Selection: which of the cases that a service may let in or not are worth a slot of the budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sendproof.contract.provider import Provider
from sendproof.conversation.answers import is_accepted, may_have_been_served
from sendproof.corpus.case import Case
from sendproof.exchange import Exchange

SCENARIO = "scenario"
"""The family of the messages of a scenario: its retries take their slots from what ought to be accepted."""
# Slots that stay free for requests that ought to be refused but may be accepted.
_SPARE_SLOTS = 3
# Of all slots one in so many is for what the documents leave to the service.
_OPEN_SHARE = 6
# Of those so many are kept for what should be refused, by advice: what is left open is mostly accepted, and would
# take them all.
_FOR_ADVICE = 3
# So large a part of the requests may come to nothing where a service lets in more than that.
UNCERTAIN_SHARE = 0.12
# Each of these writes the same fault in another way, and a lenient service takes some: so many tell most of them.
_MANIFOLD, _OF_ADVICE = ("numbers", "json_forms"), 8


class Slots:
    """The slots of a budget for accepted messages, as they are taken.

    What ought to be accepted and what may be have slots of their own: so the same messages are
    asked for, whichever way open questions are answered, and are known beforehand.
    """

    def __init__(self, provider: Provider, room: int) -> None:
        self._provider = provider
        self._open = open_slots(room)
        self._left = room - self._open - _SPARE_SLOTS
        # A small budget has hardly a slot for either.
        self._kept_for_advice = self._open // 2

    @property
    def left(self) -> int:
        """Return how many messages that ought to be accepted may still be asked for."""
        return self._left

    def note(self, case: Case, exchange: Exchange) -> None:
        """Count what took a slot, or may have."""
        taken = is_accepted(self._provider, exchange) or may_have_been_served(exchange)
        if case.expects == "accept" or case.family == SCENARIO:
            self._left -= taken
        else:
            self._open -= taken and case.may_be_accepted

    def hold(self, case: Case) -> None:
        """Keep a slot for a message that is asked again later."""
        self._take(case, 1)

    def give_back(self, case: Case) -> None:
        """Free a slot that was kept."""
        self._take(case, -1)

    def _take(self, case: Case, count: int) -> None:
        if is_open(case):
            self._open -= count
        else:
            self._left -= count

    def has_room(self, case: Case) -> bool:
        """Whether there is a slot for a case that may be accepted."""
        if not is_open(case):
            return self._left > 0
        return self._open > (0 if case.breaks else min(_FOR_ADVICE, self._kept_for_advice))


def open_slots(room: int) -> int:
    """Return how many of the messages that a budget has room for may answer open questions."""
    return room // _OPEN_SHARE


def open_cases(cases: Iterable[Case], *, room: int, max_requests: int) -> frozenset[str]:
    """Return the ids of the open cases to ask: one for each clause first, some more for advice, then as they come.

    There are hardly more than there are slots for their answers, so that a run asks about the
    same, however many are let in.
    """
    known = tuple(cases)
    given = [case for case in known if is_open(case)]
    certain = frozenset(clause for case in known if not is_open(case) for clause in case.clauses)
    most = open_slots(room) + int(UNCERTAIN_SHARE * max_requests)
    chosen = dict.fromkeys((*_first_of_each(given, certain), *_of_advice(given), *given))
    return frozenset(case.id for case in list(chosen)[:most])


def is_open(case: Case) -> bool:
    """Whether a service may let a case in, and need not."""
    return case.may_be_accepted and case.expects != "accept"


def _of_advice(cases: Sequence[Case]) -> Iterator[Case]:
    """Yield some cases for each clause that advises to refuse what may be written in many ways."""
    counts: Counter[str] = Counter()
    for case in cases:
        if case.family in _MANIFOLD and len(case.breaks) == 1 and counts[case.breaks[0]] < _OF_ADVICE:
            counts[case.breaks[0]] += 1
            yield case


def _first_of_each(cases: Sequence[Case], certain: frozenset[str] = frozenset()) -> Iterator[Case]:
    """Yield the first case for each clause, and way of presenting a key, that it tells of: the plainest there is.

    And for each clause that no `certain` case exercises: what may be refused for what is open tells of it, if
    it is accepted.
    """
    seen: set[tuple[str, str]] = set()
    for case in cases:
        alone = {(clause, "") for clause in case.clauses if clause not in certain} if not case.breaks else set()
        if not seen >= alone:
            seen |= alone
            yield case
    for reasons in (1, 2, 3):
        for case in cases:
            told = {(clause, case.presents) for clause in (*case.breaks, *case.doubts)}
            if len(told) == reasons and not seen >= told:
                seen |= told
                yield case
