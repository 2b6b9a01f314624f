"""Waivers: broken promises that a user has accepted for a time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sendproof.errors import UsageError
from sendproof.reports.text import is_plain, visible
from sendproof.runs.waiver_lines import EntryLines, places
from sendproof.target.phone_numbers import without_numbers
from sendproof.target.table import toml_text

LONGEST_DAYS = 180
_TEXTS = ("clause", "provider", "target", "signature", "reason", "issue", "owner")
_DAYS = ("added", "expires")
_NEEDED = ("clause", "reason", "expires")
_WILDCARDS = frozenset("*?[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One accepted failure of one clause, for a provider or a target, until the end of the day `expires`.

    `signature` is that of the failure (see `sendproof.reports.signature`); without one
    any failure of the clause is accepted. `file` and `place` tell where the entry stands.
    """

    clause: str
    reason: str
    expires: date
    file: str
    place: EntryLines
    provider: str | None = None
    target: str | None = None
    signature: str | None = None
    issue: str | None = None
    owner: str | None = None
    added: date | None = None

    def concerns(self, provider: str, target: str) -> bool:
        """Whether the waiver is for this target of this provider."""
        return self.provider in (None, provider) and self.target in (None, target)

    @property
    def lines(self) -> str:
        """Where the entry stands: `waivers.toml:3-9`."""
        return f"{self.file}:{self.place.first}-{self.place.last}"


def read_waivers(path: Path | None, today: date) -> tuple[Waiver, ...]:
    """Read the waivers of a run, none where no file is given; UsageError for what could not be meant today."""
    waivers = load_waivers(path) if path is not None else ()
    for number, waiver in enumerate(waivers, 1):
        _check_today(waiver, number, today)
    return waivers


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read `[[waiver]]` entries of a TOML file; UsageError names the entry, line and key that is wrong."""
    try:
        text = toml_text(path.read_bytes()).replace("\r\n", "\n")
        data = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        got = visible(str(error), 200)
        raise UsageError(f"{path}: expected a TOML file of [[waiver]] entries, got {got}. Check the file.") from error
    entries, found = data.get("waiver", []), places(text)
    if set(data) - {"waiver"} or not isinstance(entries, list) or len(entries) != len(found):
        got = visible(", ".join(sorted(data)), 100)
        raise UsageError(
            f"{path}: expected only [[waiver]] entries, got {got}. Give each a line [[waiver]], in two brackets."
        )
    waivers = tuple(
        _waiver(entry, str(path), number, place)
        for number, (entry, place) in enumerate(zip(entries, found, strict=True), 1)
    )
    _check_twice(waivers)
    return waivers


def _waiver(entry: Mapping[str, Any], file: str, number: int, place: EntryLines) -> Waiver:
    where = _Where(file, number, place)
    known = (*_TEXTS, *_DAYS)
    for name in entry:
        if name not in known:
            raise where.error(visible(name, 40), f"one of {', '.join(known)}", "another key", "Remove or rename it.")
    for name in _NEEDED:
        if name not in entry:
            raise where.error(name, "a value", "none", "Add it.")
    for name, value in entry.items():
        _check_value(name, value, where)
    waiver = Waiver(file=file, place=place, **entry)
    _check_days(waiver, where)
    return waiver


@dataclass(frozen=True, slots=True)
class _Where:
    """Which entry is looked at."""

    file: str
    number: int
    place: EntryLines

    def error(self, key: str, expected: str, got: object, advice: str) -> UsageError:
        """Return what is wrong with a key, in the line where it stands."""
        line = self.place.keys.get(key, self.place.first)
        shown = visible(without_numbers(str(got)), 80)
        return UsageError(
            f"{self.file}:{line}: waiver {self.number}: {key}: expected {expected}, got {shown}. {advice}"
        )


def _check_value(name: str, value: object, where: _Where) -> None:
    if name in _DAYS:
        # A datetime is a date to isinstance, and cannot be compared with one.
        if type(value) is not date:
            raise where.error(name, "a day such as 2027-03-31", repr(value), "Write it without quotes and time.")
        return
    if not isinstance(value, str) or not value.strip():
        raise where.error(name, "a text", repr(value), "Write one in quotes.")
    if name in ("clause", "provider", "target") and _WILDCARDS.intersection(value):
        raise where.error(name, "one name", repr(value), "A waiver is for one clause: write an entry for each.")
    if name == "issue" and not is_link(value):
        raise where.error(name, "a link with http or https", repr(value), "Write the address of the issue.")


def is_link(text: str) -> bool:
    """Whether a text is an http or https URL with a host, as a browser opens it."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain(text) and " " not in text
    except ValueError:
        return False


def _check_days(waiver: Waiver, where: _Where) -> None:
    if waiver.added is None:
        return
    if waiver.expires < waiver.added:
        raise where.error("expires", f"a day not before {waiver.added}", waiver.expires, "Correct one of the two.")
    if waiver.expires > _last_day(waiver.added):
        raise where.error(*_too_long(waiver, waiver.added, "added"))


def _check_today(waiver: Waiver, number: int, today: date) -> None:
    where = _Where(waiver.file, number, waiver.place)
    if waiver.added is None and waiver.expires > _last_day(today):
        raise where.error(*_too_long(waiver, today, "today"))
    if waiver.added is not None and waiver.added > today:
        raise where.error("added", f"a day up to today, {today} (UTC)", waiver.added, "Correct it.")


def _too_long(waiver: Waiver, first: date, name: str) -> tuple[str, str, date, str]:
    expected = f"a day up to {_last_day(first)}, {LONGEST_DAYS} days from {name}"
    return "expires", expected, waiver.expires, "Choose an earlier day, and renew the waiver then."


def _last_day(first: date) -> date:
    return first + timedelta(days=min(LONGEST_DAYS, (date.max - first).days))


def _check_twice(waivers: Iterable[Waiver]) -> None:
    first: dict[tuple[str, str | None, str | None], Waiver] = {}
    for number, waiver in enumerate(waivers, 1):
        other = first.setdefault((waiver.clause, waiver.provider, waiver.target), waiver)
        if other is not waiver:
            where = _Where(waiver.file, number, waiver.place)
            got = f"a second beside lines {other.place.first}-{other.place.last}"
            raise where.error("clause", "one entry for a clause and target", got, "Keep one.")
