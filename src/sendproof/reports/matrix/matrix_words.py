"""What the page and the Markdown have in common: words and signs for states, levels and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sendproof.judge.verdicts import ERROR, FAIL, INCONCLUSIVE, NOT_APPLICABLE, NOT_EXERCISED, OBSERVATION, PASS
from sendproof.reports import run_view
from sendproof.reports.matrix.rows import WAIVED, Column, Entry

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


def value(entry: Entry) -> str | None:
    """Return what stands in the cell beside the word: the value seen, the contradiction, the reason."""
    if entry.state == OBSERVATION:
        seen: str | None = entry.record["observation"]
        return seen
    if entry.state in (FAIL, WAIVED):
        observed: str | None = entry.record["observed"]
        return observed
    return None if entry.state == PASS else reason(entry)


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
