"""Waivers: broken promises that a user has accepted for a time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from sendproof.errors import UsageError, suggestion
from sendproof.reports.text import is_plain, visible
from sendproof.target.phone_numbers import without_numbers
from sendproof.target.table import toml_text

SCHEMA_FILE = Path(__file__).with_name("waivers.schema.json")
LONGEST_DAYS = 180
_DAYS = ("added", "expires")
# One name of one clause, provider or target.
_Name = Annotated[str, Meta(pattern=r"^[^*?\[\]]*[^*?\[\]\s][^*?\[\]]*$")]
_Text = Annotated[str, Meta(pattern=r"\S")]


class WaiverEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A failure of one clause that is accepted until the end of a day."""

    clause: Annotated[_Name, Meta(description="The id of one clause.")]
    reason: Annotated[_Text, Meta(description="Shown beside the failure in the reports.")]
    expires: Annotated[date, Meta(description="The last day on which the waiver counts, in UTC.")]
    provider: Annotated[_Name | None, Meta(description="Whom it is for: a provider.")] = None
    target: Annotated[_Name | None, Meta(description="Whom it is for: the name of a report folder.")] = None
    signature: Annotated[_Text | None, Meta(description="The failure that is accepted; without it any.")] = None
    issue: Annotated[_Text | None, Meta(description="An http or https link.")] = None
    owner: Annotated[_Text | None, Meta(description="Who sees to it.")] = None
    added: Annotated[date | None, Meta(description="The day it was written: 180 days before `expires` at most.")] = None


class WaiversFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Failures that are accepted for a time (`sendproof run --waivers`)."""

    waiver: tuple[WaiverEntry, ...] = ()


class Waiver(WaiverEntry, frozen=True, kw_only=True):
    """One accepted failure of one clause, for a provider or a target, until the end of the day `expires`.

    `signature` is that of the failure (see `sendproof.reports.signature`); without one
    any failure of the clause is accepted. `where` tells which entry it is: `waivers.toml: waiver 2`.
    """

    where: str

    def concerns(self, provider: str, target: str) -> bool:
        """Whether the waiver is for this target of this provider."""
        return self.provider in (None, provider) and self.target in (None, target)


def waivers_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a waivers file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(WaiversFile)}


_TYPES = {field.name: field for field in msgspec.structs.fields(WaiverEntry)}


def read_waivers(path: Path | None, today: date) -> tuple[Waiver, ...]:
    """Read the waivers of a run, none where no file is given; UsageError for what could not be meant today."""
    waivers = load_waivers(path) if path is not None else ()
    for waiver in waivers:
        _check_today(waiver, today)
    return waivers


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read `[[waiver]]` entries of a TOML file; UsageError names the entry and the key that is wrong."""
    entries = _entries(path)
    waivers = tuple(_waiver(entry, f"{path}: waiver {number}") for number, entry in enumerate(entries, 1))
    _check_twice(waivers)
    return waivers


def _entries(path: Path) -> list[Mapping[str, Any]]:
    wanted, text = "expected a TOML file of [[waiver]] entries", ""
    try:
        text = toml_text(path.read_bytes())
        data = tomllib.loads(text)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: {wanted}, got no such file. Make one with `sendproof waive`.") from error
    except (OSError, ValueError, RecursionError) as error:
        for key, value in _no_days(text):
            raise _error(str(path), key, _A_DAY, value, "Write a day of the calendar.") from error
        raise UsageError(f"{path}: {wanted}, got {visible(str(error), 200)}. Check the file.") from error
    entries = data.get("waiver", [])
    if set(data) - {"waiver"} or not isinstance(entries, list) or not all(isinstance(item, dict) for item in entries):
        got = visible(", ".join(sorted(data)), 100)
        raise UsageError(
            f"{path}: expected only [[waiver]] entries, got {got}. Give each a line [[waiver]], in two brackets."
        )
    return entries


def _no_days(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands for a day in a text that is no TOML, and is none: tomllib does not say so of month 13."""
    for line in text.splitlines():
        key, value = (part.strip() for part in line.partition("#")[0].partition("=")[::2])
        try:
            if key in _DAYS and value[:1].isdigit():
                date.fromisoformat(value)
        except ValueError:
            yield key, value


def _waiver(entry: Mapping[str, Any], where: str) -> Waiver:
    for name in entry:
        if name not in _TYPES:
            advice = suggestion(name, _TYPES, "Remove it.")
            raise _error(where, visible(name, 40), f"one of {', '.join(_TYPES)}", "another key", advice)
    for name, field in _TYPES.items():
        if name in entry:
            _check_value(name, entry[name], field.type, where)
        elif field.required:
            raise _error(where, name, "a value", "none", "Add it.")
    waiver = Waiver(where=where, **entry)
    _check_days(waiver)
    return waiver


_A_DAY = "a day such as 2027-03-31"


def _error(where: str, key: str, expected: str, got: object, advice: str) -> UsageError:
    shown = visible(without_numbers(str(got)), 80)
    return UsageError(f"{where}: {key}: expected {expected}, got {shown}. {advice}")


def _check_value(name: str, value: object, kind: Any, where: str) -> None:
    try:
        # A day in quotes is a text.
        msgspec.convert(value, kind, builtin_types=(date,))
    except msgspec.ValidationError as error:
        if name in _DAYS:
            raise _error(where, name, _A_DAY, repr(value), "Write it without quotes and time.") from error
        if isinstance(value, str) and value.strip():
            advice = "A waiver is for one clause: write an entry for each."
            raise _error(where, name, "one name", repr(value), advice) from error
        raise _error(where, name, "a text", repr(value), "Write one in quotes.") from error
    if name == "issue" and not is_link(str(value)):
        raise _error(where, name, "a link with http or https", repr(value), "Write the address of the issue.")


def is_link(text: str) -> bool:
    """Whether a text is an http or https URL with a host, as a browser opens it."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain(text) and " " not in text
    except ValueError:
        return False


def _check_days(waiver: Waiver) -> None:
    if waiver.added is None:
        return
    if waiver.expires < waiver.added:
        expected = f"a day not before {waiver.added}"
        raise _error(waiver.where, "expires", expected, waiver.expires, "Correct one of the two.")
    _check_length(waiver, waiver.added, "added")


def _check_today(waiver: Waiver, today: date) -> None:
    if waiver.added is None:
        _check_length(waiver, today, "today")
    elif waiver.added > today:
        raise _error(waiver.where, "added", f"a day up to today, {today} (UTC)", waiver.added, "Correct it.")


def _check_length(waiver: Waiver, first: date, name: str) -> None:
    last = first + timedelta(days=min(LONGEST_DAYS, (date.max - first).days))
    if waiver.expires > last:
        expected = f"a day up to {last}, {LONGEST_DAYS} days from {name}"
        raise _error(
            waiver.where, "expires", expected, waiver.expires, "Choose an earlier day, and renew the waiver then."
        )


def _check_twice(waivers: Iterable[Waiver]) -> None:
    first: dict[tuple[str, str | None, str | None], Waiver] = {}
    for waiver in waivers:
        other = first.setdefault((waiver.clause, waiver.provider, waiver.target), waiver)
        if other is not waiver:
            got = f"a second beside {other.where.rpartition(': ')[2]}"
            raise _error(waiver.where, "clause", "one entry for a clause and target", got, "Keep one.")
