"""The budget while it is being spent: reserved before a request is sent, settled after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sendproof.errors import SendproofError
from sendproof.target.ledger import Ledger, Spent
from sendproof.target.profile import Budget

_WHAT = {
    "max_requests": "requests",
    "max_accepted": "accepted messages",
    "max_credits": "credits",
    "max_duration_s": "seconds",
}


class BudgetSpent(SendproofError):
    """Nothing more may be sent. `setting` is "max_requests", "max_accepted", "max_credits" or "max_duration_s".

    `more` says what there is no room for.
    """

    exit_code = 10

    def __init__(self, setting: str, spent: int, limit: float, *, more: str = "") -> None:
        super().__init__(
            f"budget spent: {spent} of {limit:.10g} {_WHAT[setting]}{more}. Raise budget.{setting} or narrow --concern."
        )
        self.setting = setting


class TimeLimit:
    """How long a run may take, in real seconds from now on. `now` is a clock that never goes back."""

    def __init__(self, max_s: float = float("inf"), now: Callable[[], float] = time.monotonic) -> None:
        self._max_s, self._now = max_s, now
        self._started_s = now()

    @property
    def left_s(self) -> float:
        """Return how many seconds are left, never less than none."""
        return max(self._started_s + self._max_s - self._now(), 0.0)

    def check(self, needed_s: float = 0.0, why: str = "") -> None:
        """Raise `BudgetSpent` where the time is over, or would be after a wait of so many seconds."""
        left_s = self.left_s
        if left_s > needed_s:
            return
        more = f", and a wait of {needed_s:.0f} s would pass them{f': {why}' if why else ''}" if left_s else ""
        raise BudgetSpent("max_duration_s", round(self._max_s - left_s), self._max_s, more=more)


class Allowance:
    """What is left of a budget, by a ledger. Safe to share between threads; never exceeded, not even by one.

    Any target may accept what it should refuse, so every request in flight holds a slot for
    an accepted message, and its credits, until it is known to be refused. The last slot is kept
    for requests that should be refused: those that should be accepted do not use it up, so
    refusals can still be asked for.
    """

    def __init__(self, budget: Budget, ledger: Ledger | None = None) -> None:
        self._budget = budget
        self._ledger = ledger or Ledger()
        self._lock = threading.Lock()
        self._kept_slots = 1 if budget.max_accepted > 1 else 0
        self._requests = 0
        self._held = 0
        self._accepted = 0

    @property
    def requests(self) -> int:
        """Return how many requests were reserved here."""
        return self._requests

    @property
    def accepted(self) -> int:
        """Return how many requests were answered as accepted."""
        return self._accepted

    @property
    def committed(self) -> int:
        """Return how many messages may have been accepted: those in flight and in doubt included."""
        return self._held

    @property
    def room(self) -> int:
        """Return how many messages may be accepted, what others had spent before taken off."""
        return self._budget.max_accepted - self._ledger.found.messages

    @property
    def found(self) -> Spent:
        """Return what others had spent of the budget before."""
        return self._ledger.found

    def reserve(self, count: int = 1, *, credits_: int = 0, should_be_refused: bool = False) -> None:
        """Reserve `count` requests, all or none, and `credits_` for all of them, or raise `BudgetSpent`."""
        slots = self._budget.max_accepted - (0 if should_be_refused else self._kept_slots)

        def check(spent: Spent) -> None:
            if spent.requests + count > self._budget.max_requests:
                raise BudgetSpent("max_requests", spent.requests, self._budget.max_requests)
            if spent.messages + count > slots:
                raise BudgetSpent("max_accepted", spent.messages, self._budget.max_accepted)
            if self._budget.max_credits is not None and spent.credits + credits_ > self._budget.max_credits:
                raise BudgetSpent("max_credits", spent.credits, self._budget.max_credits)

        self._ledger.reserve(Spent(requests=count, messages=count, credits=credits_), check)
        with self._lock:
            self._requests += count
            self._held += count

    def settle(self, *, accepted: bool | None, credits_: int = 0) -> None:
        """Settle one reserved request. None, where nobody knows, keeps its slot and its credits."""
        if accepted is False:
            self._ledger.release(1, credits_)
        with self._lock:
            self._accepted += accepted is True
            self._held -= accepted is False
