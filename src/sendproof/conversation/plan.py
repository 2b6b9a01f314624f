"""What will be asked of a target: cases and scenarios, chosen before anything is sent, and what is left of them later.

`Plan` holds what a run asks. `Slots` and `open_cases` say which of the cases that may be accepted or not are worth
their part of the budget, and `Breakers` what is asked no more, since its verdict stands by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.conversation.answers import is_accepted, is_failed, is_foreign, is_sent, may_have_been_served
from sendproof.corpus.case import Case
from sendproof.exchange import Exchange

CONTROLS = "plain"
"""The family of the valid messages that every run asks."""
# What is asked again is asked about by so many cases a clause, and no more controls.
_FEW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The cases to ask, in order, the scenarios, and the clauses that they can exercise."""

    cases: tuple[Case, ...]
    scenarios: tuple[str, ...]
    planned: frozenset[str]
    selected: frozenset[str] | None


def few_cases(cases: Iterable[Case], selected: frozenset[str], named: Collection[str]) -> tuple[Case, ...]:
    """Return a few controls, the cases that are named, and of each selected clause the first few, in their order."""
    counts: Counter[str] = Counter()
    chosen = []
    for case in cases:
        about = (CONTROLS,) if case.family == CONTROLS else tuple(selected.intersection(case.clauses))
        if case.id in named or any(counts[clause] < _FEW for clause in about):
            counts.update(about)
            chosen.append(case)
    return tuple(chosen)


def make_plan(
    contract: Contract,
    cases: Iterable[Case],
    *,
    families: Collection[str],
    scenarios: Collection[str],
    selected: frozenset[str] | None,
    clauses_of_scenarios: Iterable[tuple[str, frozenset[str]]],
) -> Plan:
    """Choose what exercises the selected clauses (None: all), the controls always."""
    given = tuple(cases)
    named = frozenset(clause for case in given for clause in case.clauses)
    # What only answers show, any case of a chosen suite may show.
    wanted = selected if selected is None or selected <= named else None
    chosen = tuple(case for case in given if _serves(case, families, wanted))
    played = {
        name: clauses
        for name, clauses in clauses_of_scenarios
        if name in scenarios and (selected is None or clauses & selected)
    }
    by_any_answer = (*contract.accepted.clauses(), *contract.refusal.clauses())
    by_cases = frozenset(clause for case in chosen for clause in case.clauses)
    planned = by_cases.union(*played.values(), by_any_answer)
    return Plan(cases=chosen, scenarios=tuple(played), planned=planned, selected=selected)


def _serves(case: Case, families: Collection[str], selected: frozenset[str] | None) -> bool:
    if case.family == CONTROLS:
        return True
    return case.family in families and (selected is None or bool(selected.intersection(case.clauses)))


SCENARIO = "scenario"
"""The family of the messages of a scenario: its retries take their slots from what ought to be accepted."""
# Slots that stay free for requests that ought to be refused but may be accepted.
_SPARE_SLOTS = 3
# Of all slots one in so many is for what the documents leave to the service.
_OPEN_SHARE = 6
# Of those so many are kept for what should be refused, by advice: what is left open is mostly accepted, and would
# take them all.
_FOR_ADVICE = 3
# So large a part of the requests may come to nothing where a service accepts more than that.
UNCERTAIN_SHARE = 0.12
# Each of these writes the same fault in another way, and a lenient service takes some: so many show most of them.
_MANIFOLD, _OF_ADVICE = ("numbers", "json_forms"), 8


class Slots:
    """The slots of a budget for accepted messages, as they are taken.

    What ought to be accepted and what may be have slots of their own: so the same messages are
    asked for, whichever way open questions are answered, and are known beforehand.
    """

    def __init__(self, provider: Provider, messages: int) -> None:
        self._provider = provider
        self._open = open_slots(messages)
        self._left = messages - self._open - _SPARE_SLOTS
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


def open_slots(messages: int) -> int:
    """Return how many of so many messages, all that a budget allows, may answer open questions."""
    return messages // _OPEN_SHARE


def open_cases(cases: Iterable[Case], *, messages: int, max_requests: int) -> frozenset[str]:
    """Return the ids of the open cases to ask: one for each clause first, some more for advice, then as they come.

    There are hardly more than there are slots for their answers, so that a run asks about the
    same, however many are accepted.
    """
    known = tuple(cases)
    given = [case for case in known if is_open(case)]
    certain = frozenset(clause for case in known if not is_open(case) for clause in case.clauses)
    most = open_slots(messages) + int(UNCERTAIN_SHARE * max_requests)
    chosen = dict.fromkeys((*_first_of_each(given, certain), *_of_advice(given), *given))
    return frozenset(case.id for case in list(chosen)[:most])


def is_open(case: Case) -> bool:
    """Whether a service may accept a case, and need not."""
    return case.may_be_accepted and case.expects != "accept"


def _of_advice(cases: Sequence[Case]) -> Iterator[Case]:
    """Yield some cases for each clause that advises to refuse what may be written in many ways."""
    counts: Counter[str] = Counter()
    for case in cases:
        if case.family in _MANIFOLD and len(case.breaks) == 1 and counts[case.breaks[0]] < _OF_ADVICE:
            counts[case.breaks[0]] += 1
            yield case


def _first_of_each(cases: Sequence[Case], certain: frozenset[str] = frozenset()) -> Iterator[Case]:
    """Yield the first case for each clause, and way of presenting a key, that it is about: the plainest there is.

    And for each clause that no `certain` case exercises: what may be refused for what is open shows it, if
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
            about = {(clause, case.presents) for clause in (*case.breaks, *case.doubts)}
            if len(about) == reasons and not seen >= about:
                seen |= about
                yield case


# A promise is broken by one such answer; a few more show that it was no accident.
ENOUGH_ACCEPTED = 4
# Each is asked twice, so these are four cases of a kind.
ENOUGH_FAILED = 8


class Breakers:
    """Counts what went wrong by kind, and knows which cases are asked no more.

    A kind is a clause that a request breaks, and yet it is accepted; or a family of cases that is
    answered 5xx again and again. The verdicts stand by then; more would only cost.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._accepted: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    def note(self, case: Case, exchange: Exchange) -> None:
        """Take an answer into account."""
        if case.expects == "refuse" and is_sent(self._provider, exchange):
            self._accepted.update(case.breaks)
        if not is_foreign(self._provider, exchange):
            self._failed[case.family] = self._failed[case.family] + 1 if is_failed(self._provider, exchange) else 0

    def holds_back(self, case: Case) -> bool:
        """Whether a case is of a kind that is asked no more; those are counted."""
        clause = next((clause for clause in case.breaks if self._accepted[clause] >= ENOUGH_ACCEPTED), None)
        if clause is not None:
            self.left_out[f"{clause}: {ENOUGH_ACCEPTED} requests that break it were accepted"] += 1
        elif self._failed[case.family] >= ENOUGH_FAILED:
            self.left_out[f"cases {case.family!r}: answered 5xx {ENOUGH_FAILED} times in a row"] += 1
        else:
            return False
        return True

    def report(self) -> tuple[str, ...]:
        """Return a line for each kind that was left out."""
        return tuple(f"{why}: {count} more are not asked" for why, count in self.left_out.items())
