"""The budget while it is being spent: reserved before a request is sent, settled after it.

What was spent stands in a `Ledger` on disk, so that it survives a run and is shared between processes.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sendproof.errors import SendproofError, UsageError
from sendproof.process import held_back
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
    def messages_allowed(self) -> int:
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
        """Settle one reserved request. None, where that is unknown, keeps its slot and its credits."""
        if accepted is False:
            self._ledger.release(1, credits_)
        with self._lock:
            self._accepted += accepted is True
            self._held -= accepted is False


# So long does it count against a budget what a run spent that never ended in order.
FORGOTTEN_AFTER_S = 86_400.0
# A write takes milliseconds: a file that is locked for so long is held by something else.
_BUSY_S = 60.0
# A time this far ahead was written before somebody set the clock back.
_LONGEST_QUEUE_S = 3_600.0
_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, pid INTEGER NOT NULL, touched_s REAL NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0, credits INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS pacing (account TEXT PRIMARY KEY, next_s REAL NOT NULL);
"""
_SPENT = "SELECT COALESCE(SUM(requests), 0), COALESCE(SUM(messages), 0), COALESCE(SUM(credits), 0) FROM runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Requests sent, messages that were or may have been accepted, and the credits of these."""

    requests: int = 0
    messages: int = 0
    credits: int = 0


class Ledger:
    """One account's page of a ledger file, opened by one run. Safe between threads and processes.

    Every change is on disk before `reserve` returns, so that a process that is killed leaves
    behind what it had reserved. A run that ends in order takes its own entries away, unless the
    ledger is `kept`, or another run's entries stand beside: a crashed run's count for a day.
    Without a path the ledger is in memory and forgotten.
    """

    def __init__(
        self, path: Path | None = None, *, account: str = "", kept: bool = False, now: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self._account, self._kept, self._now = account, kept, now
        self._lock = threading.Lock()
        try:
            self._database = self._opened()
            with self._transaction() as database:
                self._forget(database)
                self.found = self._spent(database)
                row = (account, os.getpid(), now())
                inserted = database.execute("INSERT INTO runs (account, pid, touched_s) VALUES (?, ?, ?)", row)
                self._run = inserted.lastrowid
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"ledger {path}: expected a file that can be read and written, got {type(error).__name__}: {error}. "
                "Name another with --ledger: without one nothing is sent."
            ) from error

    def _opened(self) -> sqlite3.Connection:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        path = self.path or ":memory:"
        database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        # A ledger that is dropped, or cannot be used, closes its file: one that is left open is a
        # ResourceWarning from Python 3.13 on.
        weakref.finalize(self, database.close)
        if self.path is not None:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
        database.executescript(_TABLES)
        return database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run in the ledger: in order, whatever was raised, for what it spent is known."""
        self.close()

    def reserve(self, wanted: Spent, limit: Callable[[Spent], None]) -> None:
        """Book `wanted`, after `limit` was asked, which raises if what is spent leaves no room for it."""
        with self._transaction() as database:
            limit(self._spent(database))
            self._add(database, wanted.requests, wanted.messages, wanted.credits)

    def release(self, messages: int, credits_: int) -> None:
        """Give back what was reserved for messages that were not accepted."""
        with self._transaction() as database:
            self._add(database, 0, -messages, -credits_)

    def queue(self, now_s: float, length_s: float) -> float:
        """Return when the next request may be sent, and keep all others waiting `length_s` after it."""
        with self._transaction() as database:
            row = database.execute("SELECT next_s FROM pacing WHERE account = ?", (self._account,)).fetchone()
            start_s = max(now_s, row[0]) if row and row[0] - now_s < _LONGEST_QUEUE_S else now_s
            database.execute("INSERT OR REPLACE INTO pacing VALUES (?, ?)", (self._account, start_s + length_s))
        return start_s

    def close(self) -> None:
        """End the run, and take its entries away unless they still count."""
        with self._transaction() as database:
            database.execute("UPDATE runs SET ended = 1 WHERE id = ?", (self._run,))
            # Who only looked leaves no trace.
            database.execute("DELETE FROM runs WHERE id = ? AND requests = 0", (self._run,))
            open_ = database.execute("SELECT COUNT(*) FROM runs WHERE account = ? AND NOT ended", (self._account,))
            if not self._kept and not open_.fetchone()[0]:
                database.execute("DELETE FROM runs WHERE account = ?", (self._account,))
                database.execute("DELETE FROM pacing WHERE account = ?", (self._account,))
        self._database.close()

    def _add(self, database: sqlite3.Connection, *amounts: int) -> None:
        database.execute(
            "UPDATE runs SET requests = requests + ?, messages = messages + ?, credits = credits + ?, touched_s = ? "
            "WHERE id = ?",
            (*amounts, self._now(), self._run),
        )

    def _spent(self, database: sqlite3.Connection) -> Spent:
        row = database.execute(f"{_SPENT} WHERE account = ?", (self._account,)).fetchone()
        return Spent(requests=row[0], messages=row[1], credits=row[2])

    def _forget(self, database: sqlite3.Connection) -> None:
        """Take away pages that no run has touched for a day."""
        if self._kept:
            return
        database.execute(
            "DELETE FROM runs WHERE account IN (SELECT account FROM runs GROUP BY account HAVING MAX(touched_s) < ?)",
            (self._now() - FORGOTTEN_AFTER_S,),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the file alone: for what is read and for what is written after it."""
        with held_back(), self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
