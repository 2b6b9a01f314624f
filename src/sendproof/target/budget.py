"""The budget while it is being spent: reserved before a request is sent, settled after it."""

from __future__ import annotations

import threading

from sendproof.errors import SendproofError
from sendproof.target.profile import Budget


class BudgetSpent(SendproofError):
    """Nothing more may be sent. `setting` is "max_requests" or "max_accepted"."""

    exit_code = 10

    def __init__(self, setting: str, spent: int, limit: int) -> None:
        what = "requests" if setting == "max_requests" else "accepted messages"
        super().__init__(f"budget spent: {spent} of {limit} {what}. Raise budget.{setting} or narrow --concern.")
        self.setting = setting


class Allowance:
    """What is left of a budget. Safe to share between threads; never exceeded, not even by one.

    Any target may accept what it should refuse, so every request in flight holds a slot for
    an accepted message until it is known to be refused. The last slot is kept for requests that
    should be refused: those that should be accepted do not use it up, so refusals can
    still be asked for.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._kept_slots = 1 if budget.max_accepted > 1 else 0
        self._requests = 0
        self._held = 0
        self._accepted = 0

    @property
    def requests(self) -> int:
        """Return how many requests were reserved."""
        return self._requests

    @property
    def accepted(self) -> int:
        """Return how many requests were answered as accepted."""
        return self._accepted

    @property
    def committed(self) -> int:
        """Return how many messages may have been accepted: those in flight and in doubt included."""
        return self._held

    def reserve(self, count: int = 1, *, should_be_refused: bool = False) -> None:
        """Reserve `count` requests, all or none, or raise `BudgetSpent`."""
        slots = self._budget.max_accepted - (0 if should_be_refused else self._kept_slots)
        with self._lock:
            if self._requests + count > self._budget.max_requests:
                raise BudgetSpent("max_requests", self._requests, self._budget.max_requests)
            if self._held + count > slots:
                raise BudgetSpent("max_accepted", self._held, self._budget.max_accepted)
            self._requests += count
            self._held += count

    def settle(self, *, accepted: bool | None) -> None:
        """Settle one reserved request. None, where nobody knows, keeps its slot."""
        with self._lock:
            self._accepted += accepted is True
            self._held -= accepted is False
