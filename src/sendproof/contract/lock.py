"""Fingerprints of a source document: which line supports which clause (`document.lock`)."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedLine:
    """One line of a document: its clauses, or why it is informative."""

    number: int
    fingerprint: str
    clauses: tuple[str, ...]
    informative: str | None


def fingerprint(line: str) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a line, white space folded."""
    return hashlib.sha256(" ".join(line.split()).encode()).hexdigest()[:16]


def load_lock(file: Path) -> tuple[LockedLine, ...]:
    """Read a `document.lock`."""
    return tuple(
        LockedLine(
            number=item["number"],
            fingerprint=item["fingerprint"],
            clauses=tuple(item.get("clauses", ())),
            informative=item.get("informative"),
        )
        for item in tomllib.loads(file.read_text("utf-8"))["line"]
    )


def doubtful_clauses(lock: tuple[LockedLine, ...], document: str) -> tuple[str, ...]:
    """Return the clauses whose lines a newer text of the document no longer has."""
    present = {fingerprint(line) for line in document.splitlines()}
    gone = (line for line in lock if line.fingerprint not in present)
    return tuple(dict.fromkeys(clause for line in gone for clause in line.clauses))


def new_lines(lock: tuple[LockedLine, ...], document: str) -> tuple[int, ...]:
    """Return the numbers of the lines, blank ones aside, that the lock does not know."""
    known = {line.fingerprint for line in lock}
    lines = enumerate(document.splitlines(), 1)
    return tuple(number for number, line in lines if line.strip() and fingerprint(line) not in known)
