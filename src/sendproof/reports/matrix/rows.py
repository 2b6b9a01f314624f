"""The table: a row for each concept, a column for each run, in the order in which the runs were given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendproof.contract.clause import CONCERNS, Clause
from sendproof.judge.verdicts import (
    ERROR,
    FAIL,
    INCONCLUSIVE,
    NOT_APPLICABLE,
    NOT_EXERCISED,
    OBSERVATION,
    PASS,
)
from sendproof.reports.matrix.column_widths import cut
from sendproof.reports.matrix.concepts import Catalogue, Concept, titled
from sendproof.reports.results import SavedRun

WAIVED = "waived"
_LONGEST_NAME = 60
WORST_FIRST = (FAIL, WAIVED, ERROR, INCONCLUSIVE, NOT_EXERCISED, OBSERVATION, NOT_APPLICABLE, PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One run, with its vendor's title. Both texts are safe to show, and `label` is like no other column's.

    `contract_differs` is None where no contract of the provider is installed.
    """

    run: SavedRun
    title: str
    label: str
    contract_differs: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One clause of one run: its record, and the installed clause of that id, if there is one."""

    record: Mapping[str, Any]
    clause: Clause | None

    @property
    def state(self) -> str:
        """The verdict, or "waived" for a failure that has a waiver."""
        verdict: str = self.record["verdict"]
        return WAIVED if verdict == FAIL and self.record["waiver"] is not None else verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one run says of one concept, worst first.

    Without entries `related` are the wider or narrower concepts under which this run says it;
    without these the vendor's documents promise nothing of the kind.
    """

    entries: tuple[Entry, ...] = ()
    related: tuple[str, ...] = ()
    related_levels: frozenset[str] = frozenset()

    @property
    def states(self) -> Mapping[str, int]:
        """How many clauses are in which state, worst first."""
        return Counter(entry.state for entry in self.entries)

    @property
    def is_absent(self) -> bool:
        """Whether the vendor's documents promise nothing of the kind."""
        return not self.entries and not self.related

    @property
    def levels(self) -> frozenset[str]:
        """The levels of what is promised, here or in a related concept."""
        return frozenset(entry.record["level"] for entry in self.entries) or self.related_levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One concept with a cell for each column."""

    concept: Concept
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows by concern, in the order of the catalogue; columns as they were given."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def of(self, concern: str) -> tuple[Row, ...]:
        """Return the rows of one concern."""
        return tuple(row for row in self.rows if row.concept.concern == concern)


def build(runs: Sequence[SavedRun], catalogue: Catalogue) -> Table:
    """Set runs side by side."""
    placed = tuple(_by_concept(run, catalogue) for run in runs)
    concepts = _concepts(placed, catalogue)
    rows = tuple(
        Row(concept=concept, cells=tuple(_cell(concept, given, concepts) for given in placed))
        for concept in concepts.values()
    )
    return Table(columns=_columns(runs, catalogue), rows=rows)


def _by_concept(run: SavedRun, catalogue: Catalogue) -> Mapping[str, tuple[Entry, ...]]:
    """Return a run's clauses by concept; a clause that no installed contract has is a concept of its own."""
    found: dict[str, list[Entry]] = {}
    for record in run.clauses:
        clause = catalogue.clauses.get(record["id"])
        found.setdefault(clause.concept if clause else record["id"], []).append(Entry(record=record, clause=clause))
    return {
        concept: tuple(sorted(entries, key=lambda entry: WORST_FIRST.index(entry.state)))
        for concept, entries in found.items()
    }


def _concepts(placed: Iterable[Mapping[str, tuple[Entry, ...]]], catalogue: Catalogue) -> Mapping[str, Concept]:
    """Return the concepts that some run has: the known ones as they stand in their file, then the others."""
    entries: dict[str, list[Entry]] = {}
    for given in placed:
        for identity, own in given.items():
            entries.setdefault(identity, []).extend(own)
    known = [catalogue.concepts[identity] for identity in catalogue.concepts if identity in entries]
    others = [_unknown(identity, own) for identity, own in entries.items() if identity not in catalogue.concepts]
    ordered = sorted((*known, *others), key=lambda concept: CONCERNS.index(concept.concern))
    return {concept.id: concept for concept in ordered}


def _unknown(identity: str, entries: Sequence[Entry]) -> Concept:
    claims: dict[str, None] = dict.fromkeys(entry.record["claim"] for entry in entries)
    return Concept(
        id=identity, concern=entries[0].record["concern"], title=titled(identity, claims), varies=len(claims) > 1
    )


def _cell(concept: Concept, given: Mapping[str, tuple[Entry, ...]], concepts: Mapping[str, Concept]) -> Cell:
    if concept.id in given:
        return Cell(entries=given[concept.id])
    wider = (concept.within,) if concept.within in given else ()
    narrower = tuple(other.id for other in concepts.values() if other.within == concept.id and other.id in given)
    related = tuple(name for name in (*wider, *narrower) if name is not None)
    levels = frozenset(entry.record["level"] for name in related for entry in given[name])
    return Cell(related=related, related_levels=levels)


def _columns(runs: Sequence[SavedRun], catalogue: Catalogue) -> tuple[Column, ...]:
    titles = [cut(_title(run, catalogue), _LONGEST_NAME) for run in runs]
    named = [
        title if run.name == run.provider else f"{title} {cut(run.name, _LONGEST_NAME)}"
        for title, run in zip(titles, runs, strict=True)
    ]
    labels = [f"{name} ({number})" if named.count(name) > 1 else name for number, name in enumerate(named, 1)]
    return tuple(
        Column(run=run, title=title, label=label, contract_differs=_differs(run, catalogue))
        for run, title, label in zip(runs, titles, labels, strict=True)
    )


def _title(run: SavedRun, catalogue: Catalogue) -> str:
    contract = catalogue.contracts.get(run.provider)
    return contract.provider.title if contract else run.provider


def _differs(run: SavedRun, catalogue: Catalogue) -> bool | None:
    contract = catalogue.contracts.get(run.provider)
    return None if contract is None else contract.sha256 != run.contract_sha256
