"""Observations without what is another in every run: ids, times, durations, counters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sendproof.reports.signature import masked

_SEPARATOR = "; "
# What results.json keeps of an observation; a file of another origin may hold more.
_LONGEST = 2000
_ID_FORM = re.compile(r"(?P<prefix>[^<]*)<(?P<classes>[a-z]+(?:, [a-z]+)*)>")
_NUMBERED = re.compile(r"(?P<place>/\S*) (?P<number>[0-9]+)")
# So many numbers in one place, and none of them in the other run, are counters or ids.
_MANY_NUMBERS = 4


def values(observation: str | None) -> frozenset[str]:
    """Return the values of an open clause's observation, without what varies from run to run.

    The classes of characters in ids are put together: a single id need not have them all.
    """
    classes: dict[str, set[str]] = {}
    found: set[str] = set()
    for value in observation[:_LONGEST].split(_SEPARATOR) if observation else ():
        if form := _ID_FORM.fullmatch(value):
            classes.setdefault(form["prefix"], set()).update(form["classes"].split(", "))
        else:
            found.add(value if _NUMBERED.fullmatch(value) else masked(value, _LONGEST))
    return frozenset(found | {f"{prefix}<{', '.join(sorted(names))}>" for prefix, names in classes.items()})


def both_values(old: str | None, new: str | None) -> tuple[frozenset[str], frozenset[str]]:
    """Return the values of two observations, without numbers that count up from answer to answer."""
    one, other = values(old), values(new)
    first, second = _numbers(one), _numbers(other)
    counting = {
        place
        for place in first.keys() & second.keys()
        if min(len(first[place]), len(second[place])) >= _MANY_NUMBERS and not first[place] & second[place]
    }
    return _without(one, counting), _without(other, counting)


def _numbers(found: Iterable[str]) -> Mapping[str, set[str]]:
    numbers: dict[str, set[str]] = {}
    for value in found:
        if match := _NUMBERED.fullmatch(value):
            numbers.setdefault(match["place"], set()).add(match["number"])
    return numbers


def _without(found: Iterable[str], places: set[str]) -> frozenset[str]:
    return frozenset(
        value for value in found if not ((match := _NUMBERED.fullmatch(value)) and match["place"] in places)
    )
