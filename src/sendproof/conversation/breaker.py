"""Circuit breakers: what a target gets wrong every time is not asked for ever."""

from __future__ import annotations

from collections import Counter

from sendproof.contract.provider import Provider
from sendproof.conversation.answers import is_failed, is_foreign, is_sent
from sendproof.corpus.case import Case
from sendproof.exchange import Exchange

# A promise is broken by one such answer; a few more show that it was no accident.
ENOUGH_ACCEPTED = 4
# Each is asked twice, so these are four cases of a kind.
ENOUGH_FAILED = 8


class Breakers:
    """Counts what went wrong by kind, and tells which cases are asked no more.

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

    def told(self) -> tuple[str, ...]:
        """Return a line for each kind that was left out."""
        return tuple(f"{why}: {count} more are not asked" for why, count in self.left_out.items())
