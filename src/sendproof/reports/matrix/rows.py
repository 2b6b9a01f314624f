"""Runs side by side: a row for each concept, a column for each run, and in what the columns differ.

A concept is what several vendors promise in their own words (`schemas/concepts.toml`).
"""

from __future__ import annotations

import html
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sendproof.contract.clause import CONCERNS, Clause
from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.errors import ContractError
from sendproof.folders import schemas_dir
from sendproof.judge.verdicts import (
    ERROR,
    FAIL,
    INCONCLUSIVE,
    NOT_APPLICABLE,
    NOT_EXERCISED,
    OBSERVATION,
    PASS,
)
from sendproof.reports.results import SavedRun
from sendproof.reports.text import visible

_LEAST = 60


def cut(text: str, limit: int) -> str:
    """Return the start of a text, visible, of at most `limit` characters; what is cut off costs no time."""
    return visible(text[: limit + 1], limit)


class Room:
    """A number of bytes that texts may still take, as they will stand in HTML."""

    def __init__(self, total_bytes: int) -> None:
        self._left = total_bytes
        self.refused = 0

    def text(self, text: str, limit: int) -> str:
        """Return a text as it may be shown, of at most `limit` characters, or of a few once the room is spent."""
        shown = cut(text, limit)
        if self._takes(shown):
            return shown
        self.refused += 1
        return cut(text, _LEAST)

    def whole(self, *texts: str) -> bool:
        """Tell whether some texts still fit, together; then they are counted."""
        if self._takes("".join(texts)):
            return True
        self.refused += 1
        return False

    def _takes(self, text: str) -> bool:
        size = len(html.escape(text).encode("utf-8", "surrogatepass"))
        if size > self._left:
            return False
        self._left -= size
        return True


FILE_NAME = "concepts.toml"
_KEYS = {"title": str, "varies": bool, "within": str, "question": str}
CAUSES, RETRIES = "causes", "retries"
QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        CAUSES: "How does each vendor tell causes apart?",
        RETRIES: "What happens when the same message is sent twice?",
    }
)
"""What a buyer asks first: the head of the matrix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One row: a promise that vendors share, or a question that their documents leave open.

    `varies` tells that the vendors' own terms are part of the promise. `within` is the wider
    concept that says this too. `question` is that of the head, if any, which it belongs to.
    """

    id: str
    concern: str
    title: str
    varies: bool = False
    within: str | None = None
    question: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All that is installed: concepts by id, contracts by provider, clauses by id."""

    concepts: Mapping[str, Concept]
    contracts: Mapping[str, Contract]
    clauses: Mapping[str, Clause]


def load_catalogue(root: Path | None = None) -> Catalogue:
    """Read the concepts and the contracts of every provider under `root`, by default the installed ones."""
    folder = root or schemas_dir()
    contracts = {name: load_contract(name, folder) for name in provider_names(folder)}
    clauses = {name: clause for contract in contracts.values() for name, clause in contract.clauses.items()}
    return Catalogue(
        concepts=load_concepts(folder / FILE_NAME),
        contracts=MappingProxyType(contracts),
        clauses=MappingProxyType(clauses),
    )


def load_concepts(file: Path) -> Mapping[str, Concept]:
    """Read a `concepts.toml`; what is wrong with it raises ContractError."""
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{file.name}: expected tables of concepts, got {error}. Correct the file.") from error
    found: dict[str, Concept] = {}
    for concept in _concepts(data, file.name):
        if concept.id in found:
            raise ContractError(f"{file.name}: {concept.id}: expected one line, got two. A concept has one concern.")
        found[concept.id] = concept
    for concept in found.values():
        if concept.within is not None and (concept.within == concept.id or concept.within not in found):
            raise ContractError(f"{file.name}: {concept.id}: within: expected a concept, got {concept.within!r}.")
    return MappingProxyType(found)


def _concepts(data: Mapping[str, Any], where: str) -> Iterator[Concept]:
    for concern, lines in data.items():
        if concern not in CONCERNS or not isinstance(lines, dict):
            raise ContractError(f"{where}: expected tables named by concern, got {concern!r}. Correct the name.")
        for identity, line in lines.items():
            yield _concept(identity, concern, {"title": line} if isinstance(line, str) else line, where)


def _concept(identity: str, concern: str, line: Any, where: str) -> Concept:
    if not isinstance(line, dict) or not line.get("title") or set(line) - set(_KEYS):
        raise ContractError(f"{where}: {identity}: expected a title, varies, within and question, got {line!r}.")
    for key, value in line.items():
        if not isinstance(value, _KEYS[key]):
            raise ContractError(f"{where}: {identity}: {key}: expected {_KEYS[key].__name__}, got {value!r}.")
    if line.get("question", CAUSES) not in QUESTIONS:
        raise ContractError(
            f"{where}: {identity}: question: expected {' or '.join(QUESTIONS)}, got {line['question']!r}."
        )
    return Concept(id=identity, concern=concern, **line)


def titled(identity: str, claims: Mapping[str, None]) -> str:
    """Return a title for a concept that no file has: its one claim, or else its id in words."""
    if len(claims) == 1:
        return next(iter(claims))
    words = identity.partition(".")[2] or identity
    return words.replace("-", " ").replace("_", " ").replace(".", ", ").capitalize()


WAIVED = "waived"
_LONGEST_NAME = 60
WORST_FIRST = (FAIL, WAIVED, ERROR, INCONCLUSIVE, NOT_EXERCISED, OBSERVATION, NOT_APPLICABLE, PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One run, with its vendor's title. Both texts are safe to show, and `label` is like no other column's.

    `contract_differs` is None where no contract of the provider is installed. `standing` is what a reader has to know
    of the vendor's pack, often nothing.
    """

    run: SavedRun
    title: str
    label: str
    contract_differs: bool | None
    standing: str = ""


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
    concepts = _concepts_of_runs(placed, catalogue)
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


def _concepts_of_runs(placed: Iterable[Mapping[str, tuple[Entry, ...]]], catalogue: Catalogue) -> Mapping[str, Concept]:
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
        Column(
            run=run,
            title=title,
            label=label,
            contract_differs=_differs(run, catalogue),
            standing=_standing(run, catalogue),
        )
        for run, title, label in zip(runs, titles, labels, strict=True)
    )


def _title(run: SavedRun, catalogue: Catalogue) -> str:
    contract = catalogue.contracts.get(run.provider)
    return contract.provider.title if contract else run.provider


def _standing(run: SavedRun, catalogue: Catalogue) -> str:
    contract = catalogue.contracts.get(run.provider)
    return contract.provider.standing if contract else ""


def _differs(run: SavedRun, catalogue: Catalogue) -> bool | None:
    contract = catalogue.contracts.get(run.provider)
    return None if contract is None else contract.sha256 != run.contract_sha256


VERDICT, OBSERVED, PROMISE, PRESENCE, COVERAGE = "verdict", "observed", "promise", "presence", "coverage"
KINDS: Mapping[str, str] = MappingProxyType(
    {
        VERDICT: "Kept by one, broken by another",
        OBSERVED: "Different observed behaviour",
        PROMISE: "Different promises",
        COVERAGE: "Decided for one, not for another",
        PRESENCE: "Not promised by every vendor",
    }
)
"""In what columns differ, the weightiest first, with a title for each."""
SHORT_KINDS: Mapping[str, str] = MappingProxyType(
    {
        VERDICT: "verdict",
        OBSERVED: "behaviour",
        PROMISE: "promise",
        COVERAGE: "coverage",
        PRESENCE: "not promised by all",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """The rows of a table, each once.

    `questions` are those that answer one of `QUESTIONS`, `differing` the others by the weightiest difference, `lacking`
    those in which columns differ only in that some promise nothing of the kind, `alike` the rest.
    """

    questions: Mapping[str, tuple[Row, ...]]
    differing: Mapping[str, tuple[Row, ...]]
    lacking: tuple[Row, ...]
    alike: tuple[Row, ...]


def sections(table: Table) -> Sections:
    """Place every row of a table where a reader looks for it."""
    questions: dict[str, list[Row]] = {question: [] for question in QUESTIONS}
    differing: dict[str, list[Row]] = {kind: [] for kind in KINDS if kind != PRESENCE}
    lacking: list[Row] = []
    alike: list[Row] = []
    for row in table.rows:
        kinds = differences(row)
        if row.concept.question is not None:
            questions[row.concept.question].append(row)
        elif kinds in ((), (PRESENCE,)):
            (lacking if kinds else alike).append(row)
        else:
            differing[kinds[0]].append(row)
    return Sections(
        questions={question: tuple(rows) for question, rows in questions.items() if rows},
        differing={kind: tuple(rows) for kind, rows in differing.items() if rows},
        lacking=tuple(lacking),
        alike=tuple(alike),
    )


_DECIDED = frozenset({PASS, FAIL, WAIVED})
_UNDECIDED = frozenset({NOT_EXERCISED, INCONCLUSIVE, ERROR, NOT_APPLICABLE})


def differences(row: Row) -> tuple[str, ...]:
    """Return in what the columns of a row differ, in the order of `KINDS`."""
    pairs = tuple(combinations((cell for cell in row.cells if not cell.is_absent), 2))
    said = tuple((one, other) for one, other in pairs if one.entries and other.entries)
    found = {
        VERDICT: any(_verdicts_differ(one, other) for one, other in said),
        OBSERVED: any(_observations_differ(one, other) for one, other in said),
        PROMISE: any(_promises_differ(one, other, varies=row.concept.varies) for one, other in pairs),
        PRESENCE: any(cell.is_absent for cell in row.cells),
        COVERAGE: any(_coverage_differs(one, other) for one, other in said),
    }
    return tuple(kind for kind in KINDS if found[kind])


def _shared(one: Cell, other: Cell) -> tuple[tuple[Entry, Entry], ...] | None:
    """Return the entries of both in pairs where both have the same clauses, else None."""
    mine, theirs = ({entry.record["id"]: entry for entry in cell.entries} for cell in (one, other))
    return tuple((mine[name], theirs[name]) for name in mine) if mine.keys() == theirs.keys() else None


def _verdicts_differ(one: Cell, other: Cell) -> bool:
    pairs = _shared(one, other)
    if pairs is not None:
        return any(a.state != b.state and {a.state, b.state} <= _DECIDED for a, b in pairs)
    mine, theirs = _DECIDED.intersection(one.states), _DECIDED.intersection(other.states)
    return bool(mine and theirs and mine != theirs)


def _observations_differ(one: Cell, other: Cell) -> bool:
    pairs = _shared(one, other)
    if pairs is not None:
        return any(
            a.record["observation"] != b.record["observation"] for a, b in pairs if a.state == b.state == OBSERVATION
        )
    mine, theirs = _observations(one), _observations(other)
    return bool(mine and theirs and mine != theirs)


def _observations(cell: Cell) -> frozenset[str | None]:
    return frozenset(entry.record["observation"] for entry in cell.entries if entry.state == OBSERVATION)


def _promises_differ(one: Cell, other: Cell, *, varies: bool) -> bool:
    if not one.entries or not other.entries:
        return one.levels != other.levels
    pairs = _shared(one, other)
    if pairs is not None:
        return any(_promise(a) != _promise(b) for a, b in pairs)
    if one.levels != other.levels:
        return True
    return varies and {_promise(entry) for entry in one.entries} != {_promise(entry) for entry in other.entries}


def _promise(entry: Entry) -> tuple[str, str]:
    return entry.record["level"], entry.record["claim"]


def _coverage_differs(one: Cell, other: Cell) -> bool:
    """Whether one was decided and the other not; what a level keeps from being judged is no matter of coverage."""
    mine, theirs = _undecided(one), _undecided(other)
    return mine != theirs and "excluded" not in one.levels | other.levels


def _undecided(cell: Cell) -> frozenset[str]:
    return _UNDECIDED.intersection(cell.states)
