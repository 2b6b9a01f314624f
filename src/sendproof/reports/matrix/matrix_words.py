"""What the page and the Markdown have in common: words and signs for states, levels and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sendproof.judge.verdicts import ERROR, FAIL, INCONCLUSIVE, NOT_APPLICABLE, NOT_EXERCISED, OBSERVATION, PASS
from sendproof.reports import observations, run_view
from sendproof.reports.matrix.rows import CAUSES, PROMISE, WAIVED, Cell, Column, Entry, Row, differences

ABSENT, UNKNOWN, ELSEWHERE = "not promised", "not in its contract", "no promise of its own"
GLYPHS: Mapping[str, str] = MappingProxyType(
    {
        PASS: "✓",
        FAIL: "✗",
        WAIVED: "✗",
        ERROR: "!",
        INCONCLUSIVE: "?",
        NOT_EXERCISED: "○",
        OBSERVATION: "◉",
        NOT_APPLICABLE: "–",
    }
)
ABSENT_GLYPH, ELSEWHERE_GLYPH = "∅", "→"
WORDS: Mapping[str, str] = MappingProxyType(
    {
        PASS: "pass",
        FAIL: "fail",
        WAIVED: "fail, waived",
        ERROR: "error",
        INCONCLUSIVE: "inconclusive",
        NOT_EXERCISED: "not exercised",
        OBSERVATION: "observed",
        NOT_APPLICABLE: "not applicable",
    }
)
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        PASS: "asked, and nothing contradicts the promise",
        FAIL: "an answer contradicts the promise",
        WAIVED: "an answer contradicts the promise, and whoever ran this has accepted it for a time",
        ERROR: "the test or the network failed, so nothing is said of the vendor",
        INCONCLUSIVE: "asked, but the answers do not decide it",
        NOT_EXERCISED: "promised, but not asked in this run; the reason stands beside it",
        OBSERVATION: "the documents leave it open: what was seen, neither good nor bad",
        NOT_APPLICABLE: "promised or left open, but it cannot be seen here; the reason stands beside it",
    }
)


def reason(entry: Entry) -> str | None:
    """Return why a clause was not decided, in words."""
    given: str | None = entry.record["detail"] or entry.record["reason"]
    return given


def documented(entry: Entry) -> str | None:
    """Return by what a vendor tells a cause, as it documents it: "code 21211", "text “No recipient”", "status 401"."""
    shown = documented_value(entry)
    return f"{_TOLD_BY[entry.clause.check or '']} {shown}" if shown and entry.clause else None


def documented_value(entry: Entry) -> str | None:
    """Return the code, the texts or the statuses that a clause documents for a cause of its own, if it is such."""
    clause = entry.clause
    if clause is None or clause.check not in _TOLD_BY:
        return None
    params = clause.params
    if clause.check == "documented_code":
        return str(params["code"])
    if clause.check == "documented_text":
        return " or ".join(f"“{text}”" for text in ((params["text"],) if "text" in params else params["texts"]))
    return " or ".join(map(str, params["equals"])) if "reasons" in params and "equals" in params else None


_TOLD_BY: Mapping[str, str] = MappingProxyType(
    {"documented_code": "code", "documented_text": "text", "refusal_status": "status"}
)


def value(entry: Entry) -> str | None:
    """Return what stands in the cell beside the word: what was documented or seen, the contradiction, the reason."""
    if entry.state == OBSERVATION:
        return observations.in_words(entry.record["observation"] or "", entry.clause)
    if entry.state in (FAIL, WAIVED):
        observed: str | None = entry.record["observed"]
        return observed
    return None if entry.state == PASS else reason(entry)


def promised(row: Row, cell: Cell) -> tuple[str, ...]:
    """Return what stands in the cell of the promise itself: its terms, or its words where promises differ."""
    if row.concept.question == CAUSES:
        return tuple(dict.fromkeys(text for text in map(documented, cell.entries) if text))
    if row.concept.varies or PROMISE in differences(row):
        return tuple(dict.fromkeys(entry.record["claim"] for entry in cell.entries))
    return ()


def what_differs(row: Row) -> str:
    """Say in what the promises of a row differ."""
    levels = tuple(dict.fromkeys(level for cell in row.cells for level in sorted(cell.levels)))
    if len({cell.levels for cell in row.cells if not cell.is_absent}) > 1:
        return f"differs in how binding it is: {', '.join(levels)}"
    return "differs in what exactly is promised"


def completeness(column: Column) -> str:
    """Say whether a run came to its end."""
    return run_view.completeness(complete=column.run.complete, left_out=column.run.left_out)


def contract_note(column: Column) -> str:
    """Say how the contract of a run stands to the installed one."""
    if column.contract_differs is None:
        return "no contract of this provider is installed: titles are the claims of its results"
    if column.contract_differs:
        return "differs from the installed one: claims and levels are those of the run, sources those of today"
    return f"the installed one{f', {column.standing}' if column.standing else ''}"


def absence(column: Column) -> str:
    """Say what an empty cell means: only where the contract is the installed one, that nothing is promised today."""
    return ABSENT if column.contract_differs is False else UNKNOWN
