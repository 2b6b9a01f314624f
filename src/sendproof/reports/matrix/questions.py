"""The two questions that a buyer asks first, answered for each column in sentences: the head of the matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from sendproof.judge.verdicts import FAIL, OBSERVATION, PASS
from sendproof.reports.matrix import matrix_words as words
from sendproof.reports.matrix.rows import CAUSES, RETRIES, WAIVED, Column, Entry, Row, Table, cut
from sendproof.reports.observations import in_words

# So many codes are named in a sentence; the rows below have all.
_MOST_CODES = 6
_LONGEST_VALUE = 120
_KEY_LEFT_OUT = "requests.idempotency-key-omitted"


def answers(table: Table, question: str) -> tuple[tuple[str, ...], ...]:
    """Return the sentences that answer one of `rows.QUESTIONS`, for each column."""
    return tuple(tuple(_ANSWERS[question](table, number)) for number in range(len(table.columns)))


def _entries(rows: Iterable[Row], number: int) -> tuple[Entry, ...]:
    return tuple(entry for row in rows for entry in row.cells[number].entries if entry.clause is not None)


def _check(entry: Entry) -> str | None:
    return entry.clause.check if entry.clause else None


def _causes(table: Table, number: int) -> Iterator[str]:
    """Say by what a vendor tells the causes of refusals apart, for how many, and whether it kept that."""
    rows = [row for row in table.rows if row.concept.question == CAUSES]
    causes = [row for row in rows if any(words.documented(entry) for cell in row.cells for entry in cell.entries)]
    told: set[str] = set()
    for name, check in (("error code", "documented_code"), ("error text", "documented_text")):
        having = [row for row in causes if _by(row, number, check)]
        if having:
            told.update(row.concept.id for row in having)
            found = [entry for row in having for entry in _by(row, number, check)]
            yield f"By {name}{_listed(found)}: {len(having)} of the {len(causes)} causes below; {_kept(found)}."
    by_status = [row for row in causes if row.concept.id not in told and _by(row, number, "refusal_status")]
    if by_status:
        found = [entry for row in by_status for entry in _by(row, number, "refusal_status")]
        yield f"By status code alone{_listed(found)}: {len(by_status)} of the {len(causes)}; {_kept(found)}."
    if not told and not by_status:
        yield _nothing(table.columns[number], "no code, text or status of its own for any cause")
    seen = dict.fromkeys(
        value
        for entry in _entries(rows, number)
        if entry.state == OBSERVATION and entry.clause and entry.clause.params.get("what") == "status"
        for value in (entry.record["observation"] or "").split("; ")
    )
    if seen:
        yield f"Status codes seen: {cut(', '.join(sorted(seen)), _LONGEST_VALUE)}."


def _by(row: Row, number: int, check: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in row.cells[number].entries if _check(entry) == check and words.documented(entry))


def _listed(found: list[Entry]) -> str:
    """Return codes and statuses in brackets; texts are too long for a sentence."""
    if _check(found[0]) == "documented_text":
        return ""
    values = list(dict.fromkeys(text for text in map(words.documented_value, found) if text))
    listed = ", ".join(values[:_MOST_CODES]) + (" and more" if len(values) > _MOST_CODES else "")
    return f" ({cut(listed, _LONGEST_VALUE)})"


def _kept(entries: list[Entry]) -> str:
    """Say how many of these promises were kept, broken and not decided."""
    states = Counter(_word(entry) for entry in entries)
    if len(states) == 1:
        return f"{'all ' if len(entries) > 1 else ''}{next(iter(states))} in this run"
    return ", ".join(f"{count} {word}" for word in ("kept", "broken", "not decided") if (count := states[word]))


def _word(entry: Entry) -> str:
    return "kept" if entry.state == PASS else "broken" if entry.state in (FAIL, WAIVED) else "not decided"


def _nothing(column: Column, what: str) -> str:
    if column.contract_differs is False:
        return f"Its documents name {what}."
    # What a clause asks stands in the installed pack alone: of another contract less is known.
    return "Unknown: that run was judged by a contract which is not the installed one."


def _retries(table: Table, number: int) -> Iterator[str]:
    """Say what the same message sent twice comes to: with a key against double sending, and without one."""
    found = _entries((row for row in table.rows if row.concept.question == RETRIES), number)
    by_mode = {entry.clause.params.get("mode"): entry for entry in found if entry.clause and _check(entry) == "replay"}
    if not found:
        column = table.columns[number]
        yield _nothing(column, "no key against double sending")
        if column.contract_differs is False:
            yield "So take it that the same message sent twice is delivered twice, and charged twice."
        return
    if "sequence" not in by_mode:
        yield "A key against double sending is documented; that it keeps a message from being sent twice is not."
        return
    yield f"With the same key it is one message: {_decided(by_mode['sequence'])}."
    if "concurrent" in by_mode:
        yield f"Also when both are sent at the same time: {_decided(by_mode['concurrent'])}."
    for entry in found:
        if _check(entry) != "replay" and entry.record["concern"] == "credits":
            yield f"It is charged once: {_decided(entry)}."
    other = by_mode.get("other_payload")
    if other is not None and other.state == OBSERVATION:
        seen = in_words(other.record["observation"] or "", other.clause)
        yield f"Another message with a key that was used: {cut(seen, _LONGEST_VALUE)}."
    if any(entry.clause and entry.clause.concept == _KEY_LEFT_OUT for entry in found):
        yield "Without a key nothing is promised: take each request for a message of its own."


def _decided(entry: Entry) -> str:
    if entry.state in (FAIL, WAIVED):
        return f"promised and broken in this run ({cut(entry.record['observed'] or 'no detail', _LONGEST_VALUE)})"
    if entry.state == PASS:
        return "promised and kept"
    why = words.reason(entry)
    return f"promised, not decided in this run{f' ({cut(why, _LONGEST_VALUE)})' if why else ''}"


_ANSWERS: Mapping[str, Callable[[Table, int], Iterator[str]]] = MappingProxyType({CAUSES: _causes, RETRIES: _retries})
