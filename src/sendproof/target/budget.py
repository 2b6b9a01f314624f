"""The budget while it is being spent: reserved before a request is sent, settled after it."""

from __future__ import annotations

import threading

from sendproof.errors import SendproofError
from sendproof.target.ledger import Ledger, Spent
from sendproof.target.profile import Budget

_WHAT = {"max_requests": "requests", "max_accepted": "accepted messages", "max_credits": "credits"}


class BudgetSpent(SendproofError):
    """Nothing more may be sent. `setting` is "max_requests", "max_accepted" or "max_credits"."""

    exit_code = 10

    def __init__(self, setting: str, spent: int, limit: int) -> None:
        super().__init__(
            f"budget spent: {spent} of {limit} {_WHAT[setting]}. Raise budget.{setting} or narrow --concern."
        )
        self.setting = setting


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
