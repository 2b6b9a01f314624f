"""An in-memory sqlite3 database shared by the threads of one server."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.readings.plain_server.accounts import Key, Number

SCHEMA: Final = """
CREATE TABLE keys (
    name TEXT PRIMARY KEY, secret TEXT NOT NULL, account TEXT NOT NULL, active INTEGER NOT NULL,
    balance INTEGER, per_window INTEGER, per_day INTEGER);
CREATE TABLE numbers (
    number TEXT PRIMARY KEY, account TEXT NOT NULL, active INTEGER NOT NULL, is_default INTEGER NOT NULL);
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, record TEXT NOT NULL);
CREATE TABLE idempotency (
    key TEXT NOT NULL, word TEXT NOT NULL, request TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (key, word));
CREATE TABLE days (key TEXT NOT NULL, day TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (key, day));
CREATE TABLE hits (key TEXT NOT NULL, at REAL NOT NULL);
"""
SPLIT_S: Final = 0.1


class Transaction:
    """A cursor inside an immediate transaction; nobody else is in one meanwhile."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock) -> None:
        self._cursor = connection.cursor()
        self._lock = lock

    def row(self, sql: str, *values: object) -> tuple[object, ...] | None:
        """Return the first row of a query, or None."""
        found: tuple[object, ...] | None = self._cursor.execute(sql, values).fetchone()
        return found

    def run(self, sql: str, *values: object) -> int:
        """Execute a statement and return the id of the row it inserted, if it did."""
        return self._cursor.execute(sql, values).lastrowid or 0

    def split(self) -> None:
        """Commit, let others in for a moment and go on in another transaction."""
        self._cursor.execute("COMMIT")
        self._lock.release()
        time.sleep(SPLIT_S)
        self._lock.acquire()
        self._cursor.execute("BEGIN IMMEDIATE")


class Database:
    """The state of one server, from its start to its end."""

    def __init__(self, keys: tuple[Key, ...], numbers: tuple[Number, ...]) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self._connection.executescript(SCHEMA)
        with self.transaction() as work:
            for key in keys:
                _insert_key(work, key)
            for number in numbers:
                sql = "INSERT INTO numbers VALUES (?, ?, ?, ?)"
                work.run(sql, number.number, number.account, number.active, number.default)
            # Ids continue from the clock, so that no two servers give the same ones.
            work.run("INSERT INTO sqlite_sequence VALUES ('messages', ?)", time.time_ns())

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit on the way out, roll back when an exception passes."""
        with self._lock:
            work = Transaction(self._connection, self._lock)
            work.run("BEGIN IMMEDIATE")
            try:
                yield work
            except BaseException:
                work.run("ROLLBACK")
                raise
            work.run("COMMIT")

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._connection.close()


def _insert_key(work: Transaction, key: Key) -> None:
    sql = "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)"
    work.run(sql, key.name, key.secret, key.account, key.active, key.balance, key.per_window, key.per_day)
    if key.used_today:
        # Tomorrow too: a key that is exhausted on purpose stays so over midnight.
        today = datetime.now(UTC).date()
        for day in (today, today + timedelta(days=1)):
            work.run("INSERT INTO days VALUES (?, ?, ?)", key.name, day.isoformat(), key.used_today)
