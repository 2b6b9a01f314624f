"""What changed in the verdicts, clause by clause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.judge import verdicts
from sendproof.reports.comparison.comparison_values import (
    CLAUSE_CHANGES,
    FAILS_DIFFERENTLY,
    FAILS_NOW,
    FIXED,
    GAINED,
    LOST,
    NEW,
    OBSERVATION,
    REDEFINED,
    REGRESSED,
    RETIRED,
    UNDECIDED,
    ClauseChange,
)
from sendproof.reports.comparison.shared_cases import case_of
from sendproof.reports.results import SavedExchange, SavedRun
from sendproof.reports.signature import masked, matches, signature_of_record

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


Record = Mapping[str, Any]
_HELD = (verdicts.PASS, verdicts.OBSERVATION)
_DECIDED = (*_HELD, verdicts.FAIL)
_DEFINED_BY = ("level", "claim", "concern")
_LONGEST_OBSERVED = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of the questions of both runs.

    `alike` tells that they were the same; where not, one run may have seen more values of an open
    clause than the other. `old` and `new` are the exchanges by id; `moved` are the cases that
    both runs asked, and that were answered otherwise.
    """

    alike: bool
    old: Mapping[str, SavedExchange]
    new: Mapping[str, SavedExchange]
    moved: frozenset[str]

    def has_changed(self, old: Record, new: Record) -> bool:
        """Tell whether the evidence of a record is of a case that was answered otherwise."""
        shown = [self.old[item] for item in old["evidence"] if item in self.old]
        shown += [self.new[item] for item in new["evidence"] if item in self.new]
        return any(case_of(exchange) in self.moved for exchange in shown)

    def has_other_signature(self, old: Record, new: Record, contract: Contract | None) -> bool:
        """Tell whether two failures of one clause are not the same.

        The smallest evidence of another corpus may be another request: then the request tells nothing.
        """
        before = _signature(old, contract, self.old if self.alike else {})
        after = _signature(new, contract, self.new if self.alike else {})
        return not (matches(before, after) or matches(after, before))


def clause_changes(old: SavedRun, new: SavedRun, asked: Asked) -> tuple[ClauseChange, ...]:
    """Return what changed in the clauses, the worst first."""
    ours, theirs = old.by_id, new.by_id
    found = [
        *_of_both(old, new, asked),
        *(ClauseChange(kind=NEW, old=None, new=record) for name, record in theirs.items() if name not in ours),
        *(ClauseChange(kind=RETIRED, old=record, new=None) for name, record in ours.items() if name not in theirs),
    ]
    return tuple(sorted(found, key=lambda change: (CLAUSE_CHANGES.index(change.kind), not change.gates)))


def _of_both(old: SavedRun, new: SavedRun, asked: Asked) -> Iterator[ClauseChange]:
    contract = _contract(new.provider)
    theirs = new.by_id
    for name, before in old.by_id.items():
        after = theirs.get(name)
        if after is None:
            continue
        redefined = tuple(part for part in _DEFINED_BY if before[part] != after[part])
        if kind := _kind(before, after, asked, contract):
            yield ClauseChange(kind=kind, old=before, new=after, notes=(*_waiver(after), *_other(redefined)))
        elif _is_observed_otherwise(before, after, asked):
            yield ClauseChange(kind=OBSERVATION, old=before, new=after, notes=_other(redefined))
        if redefined:
            yield ClauseChange(kind=REDEFINED, old=before, new=after, notes=_other(redefined))


def _kind(old: Record, new: Record, asked: Asked, contract: Contract | None) -> str | None:
    before, after = old["verdict"], new["verdict"]
    if after == verdicts.FAIL:
        if before == verdicts.FAIL:
            return FAILS_DIFFERENTLY if asked.has_other_signature(old, new, contract) else None
        return REGRESSED if before in _HELD else FAILS_NOW
    if before in _DECIDED and after not in _DECIDED:
        return LOST
    if after in _HELD:
        return FIXED if before == verdicts.FAIL else None if before in _HELD else GAINED
    return UNDECIDED if before != after else None


def _signature(record: Record, contract: Contract | None, exchanges: Mapping[str, SavedExchange]) -> str:
    clause = contract.clauses.get(record["id"]) if contract else None
    if clause is None:
        return masked((record["observed"] or "")[:_LONGEST_OBSERVED])
    return signature_of_record(clause, record, exchanges)


@lru_cache(maxsize=8)
def _contract(provider: str) -> Contract | None:
    """Return the contract of a provider, None of one that is not known here."""
    return load_contract(provider) if provider in provider_names() else None


def _waiver(record: Record) -> tuple[str, ...]:
    waived = record["verdict"] == verdicts.FAIL and record["waiver"] is not None
    return (f"waived: {record['waiver']}",) if waived else ()


def _other(parts: tuple[str, ...]) -> tuple[str, ...]:
    return (f"the clause is not the same: its {' and '.join(parts)} changed",) if parts else ()


def _is_observed_otherwise(old: Record, new: Record, asked: Asked) -> bool:
    if old["verdict"] != verdicts.OBSERVATION or new["verdict"] != verdicts.OBSERVATION:
        return False
    before, after = both_values(old["observation"], new["observation"])
    return before != after and (asked.alike or before.isdisjoint(after) or asked.has_changed(old, new))
