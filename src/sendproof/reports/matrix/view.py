"""The table as a page shows it: every text visible, cut, and within the room of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sendproof.contract.clause import CONCERNS
from sendproof.judge.verdicts import FAIL, OBSERVATION
from sendproof.reports.matrix import matrix_words as words
from sendproof.reports.matrix.questions import answers
from sendproof.reports.matrix.rows import (
    PROMISE,
    QUESTIONS,
    WAIVED,
    Cell,
    Column,
    Entry,
    Room,
    Row,
    Table,
    cut,
    differences,
    sections,
)
from sendproof.reports.pages.messages import body_text
from sendproof.reports.results import SavedExchange
from sendproof.reports.text import visible

LONGEST_TEXT = 400
LONGEST_VALUE = 160
LONGEST_BODY = 600
LONGEST_COMMAND = 1500
_MOST_EXCHANGES = {FAIL: 2, WAIVED: 2}
# A page of 5 MB opens at once; what a cell takes beside its texts was measured.
_PAGE_BYTES, _CELL_BYTES, _LEAST_BYTES = 4_500_000, 1500, 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExchange:
    """One exchange: the request's line and body, the answer's status and body."""

    id: str
    request: str
    answer: str
    elapsed_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """One clause of one column, opened; `rows` are (name, text) pairs, `note` says what is not shown."""

    id: str
    level: str
    state: str
    claim: str
    rows: tuple[tuple[str, str], ...]
    exchanges: tuple[ShownExchange, ...]
    command: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCell:
    """One cell: `states` are (state, count) pairs worst first, `values` and `claims` what stands on its face.

    `related` are (anchor, title) pairs of the rows that say what this one does not.
    """

    states: tuple[tuple[str, int], ...]
    levels: tuple[str, ...]
    values: tuple[str, ...]
    claims: tuple[str, ...]
    entries: tuple[ShownEntry, ...]
    related: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """One row; `differs` are the kinds of its differences, `tokens` the states that a filter finds it by.

    `note` says in what its promises differ, if they do.
    """

    anchor: str
    concern: str
    title: str
    concept: str
    differs: tuple[str, ...]
    tokens: tuple[str, ...]
    cells: tuple[ShownCell, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Every row once, as `rows.sections` places it; `answers` are sentences by question and column.

    `alike` goes by concern. `shortened` tells how often the room did not suffice.
    """

    answers: Mapping[str, tuple[tuple[str, ...], ...]]
    questions: Mapping[str, tuple[ShownRow, ...]]
    differing: Mapping[str, tuple[ShownRow, ...]]
    lacking: tuple[ShownRow, ...]
    alike: Mapping[str, tuple[ShownRow, ...]]
    shortened: int


def view(table: Table, room: Room | None = None) -> View:
    """Return the table as it is shown; failures and differences take their room first."""
    space = room or Room(max(_LEAST_BYTES, _PAGE_BYTES - _CELL_BYTES * len(table.rows) * len(table.columns)))
    anchors = {row.concept.id: f"row-{number}" for number, row in enumerate(table.rows, 1)}
    maker = _Maker(table=table, room=space, anchors=anchors)
    kinds = {row.concept.id: differences(row) for row in table.rows}
    urgent_first = sorted(table.rows, key=lambda row: _is_calm(row, kinds[row.concept.id]))
    made = {row.concept.id: maker.row(row, kinds[row.concept.id]) for row in urgent_first}
    placed = sections(table)

    def shown(rows: Iterable[Row]) -> tuple[ShownRow, ...]:
        return tuple(made[row.concept.id] for row in rows)

    by_concern = {concern: [row for row in placed.alike if row.concept.concern == concern] for concern in CONCERNS}
    return View(
        answers={question: answers(table, question) for question in QUESTIONS},
        questions={question: shown(rows) for question, rows in placed.questions.items()},
        differing={kind: shown(rows) for kind, rows in placed.differing.items()},
        lacking=shown(placed.lacking),
        alike={concern: shown(rows) for concern, rows in by_concern.items() if rows},
        shortened=space.refused,
    )


def _is_calm(row: Row, kinds: tuple[str, ...]) -> tuple[bool, bool]:
    fails = any({FAIL, WAIVED}.intersection(cell.states) for cell in row.cells)
    return not fails, not kinds


class _Maker:
    """Makes rows within one room."""

    def __init__(self, *, table: Table, room: Room, anchors: Mapping[str, str]) -> None:
        self._columns = table.columns
        self._titles = {row.concept.id: row.concept.title for row in table.rows}
        self._room = room
        self._anchors = anchors
        self._exchanges: tuple[Mapping[str, SavedExchange] | None, ...] = tuple(map(_by_id, table.columns))

    def row(self, row: Row, kinds: tuple[str, ...]) -> ShownRow:
        cells = tuple(self._cell(row, cell, number) for number, cell in enumerate(row.cells))
        tokens = dict.fromkeys(token for cell in row.cells for token in _tokens(cell))
        return ShownRow(
            anchor=self._anchors[row.concept.id],
            concern=row.concept.concern,
            title=self._room.text(row.concept.title, LONGEST_VALUE),
            concept=cut(row.concept.id, 80),
            differs=kinds,
            tokens=tuple(tokens),
            cells=cells,
            note=words.what_differs(row) if PROMISE in kinds else "",
        )

    def _cell(self, row: Row, cell: Cell, number: int) -> ShownCell:
        values = dict.fromkeys(text for text in map(words.value, cell.entries) if text)
        return ShownCell(
            states=tuple(cell.states.items()),
            levels=tuple(dict.fromkeys(entry.record["level"] for entry in cell.entries)),
            values=tuple(self._room.text(text, LONGEST_VALUE) for text in values),
            claims=tuple(self._room.text(text, LONGEST_VALUE) for text in words.promised(row, cell)),
            entries=tuple(self._entry(entry, number) for entry in cell.entries),
            related=tuple((self._anchors[name], cut(self._titles[name], LONGEST_VALUE)) for name in cell.related),
        )

    def _entry(self, entry: Entry, number: int) -> ShownEntry:
        record = entry.record
        exchanges, note = self._evidence(entry, number)
        return ShownEntry(
            id=cut(record["id"], 80),
            level=record["level"],
            state=entry.state,
            claim=self._room.text(record["claim"], LONGEST_TEXT),
            rows=tuple((name, self._room.text(text, LONGEST_TEXT)) for name, text in _rows(entry)),
            exchanges=exchanges,
            command=self._command(record["reproduce"]),
            note=note,
        )

    def _command(self, command: str | None) -> str | None:
        if command is None or len(command) > LONGEST_COMMAND:
            return None
        shown = visible(command, None)
        return shown if self._room.whole(shown) else None

    def _evidence(self, entry: Entry, number: int) -> tuple[tuple[ShownExchange, ...], str | None]:
        ids, known = entry.record["evidence"], self._exchanges[number]
        if not ids:
            return (), None
        if known is None:
            return (), "No readable exchanges.har lies beside the results, so the exchanges cannot be shown."
        found = [known[name] for name in ids if name in known]
        shown = [made for made in map(_exchange, found[: _MOST_EXCHANGES.get(entry.state, 1)]) if self._fits(made)]
        if len(shown) == len(ids):
            return tuple(shown), None
        return tuple(shown), f"Shown here: {len(shown)} of {len(ids)}. All of them stand in exchanges.har."

    def _fits(self, made: ShownExchange) -> bool:
        return self._room.whole(made.request, made.answer)


def _by_id(column: Column) -> Mapping[str, SavedExchange] | None:
    exchanges = column.run.exchanges
    return None if exchanges is None else {item.id: item for item in reversed(exchanges)}


def _tokens(cell: Cell) -> tuple[str, ...]:
    return tuple(cell.states) or (("absent",) if cell.is_absent else ("elsewhere",))


def _rows(entry: Entry) -> tuple[tuple[str, str], ...]:
    record, source = entry.record, entry.clause.source if entry.clause else None
    given = (
        ("Stated in", f"{source.document}, “{source.section}”" if source else None),
        ("Expected", record["expected"]),
        ("Observed", record["observed"]),
        ("Seen", words.value(entry) if entry.state == OBSERVATION else None),
        ("Why", words.reason(entry)),
        ("Waived", record["waiver"]),
        ("Asked", _asked(entry)),
        ("Evidence", ", ".join(record["evidence"]) or None),
    )
    return tuple((name, text) for name, text in given if text)


def _asked(entry: Entry) -> str | None:
    exercised, violated = entry.record["exercised"], entry.record["violated"]
    if not exercised:
        return None
    return f"{violated} of {exercised} exchanges contradict it" if violated else f"{exercised} exchanges"


def _exchange(item: SavedExchange) -> ShownExchange:
    line = f"{cut(item.method, 20)} {cut(item.path, LONGEST_VALUE)}"
    status = f"no answer: {cut(item.failure or 'unknown', 80)}" if item.status is None else str(item.status)
    return ShownExchange(
        id=cut(item.id, 40),
        request=_message(line, item.request_body),
        answer=_message(status, item.body),
        elapsed_ms=round(item.elapsed_ms, 1),
    )


def _message(line: str, body: bytes) -> str:
    return f"{line}\n\n{body_text(body, LONGEST_BODY)}" if body else line
