"""The words in which a comparison is told, the same in every report. Texts of the runs stand in them as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from types import MappingProxyType
from typing import Any

from sendproof.judge import verdicts
from sendproof.reports.comparison.comparison_values import (
    APPEARED,
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
    STATUS,
    STEADY,
    TYPE,
    UNDECIDED,
    AnswerChange,
    ClauseChange,
    Comparison,
    Latency,
)
from sendproof.reports.comparison.latency import (
    CHANCE,
    FEWEST_TIMES,
    LOAD,
    SMALLEST_COMMON_RATIO,
    SMALLEST_COMMON_SHIFT_MS,
    SMALLEST_RATIO,
    SMALLEST_SHIFT_MS,
)
from sendproof.reports.comparison.shared_cases import BODY

TITLES: Mapping[str, str] = MappingProxyType(
    {
        REGRESSED: "Regressed",
        FAILS_NOW: "Fails now, and was not decided before",
        LOST: "Lost coverage",
        FAILS_DIFFERENTLY: "Fails differently",
        FIXED: "Fixed",
        GAINED: "Gained coverage",
        OBSERVATION: "Observed otherwise, where the document is silent",
        UNDECIDED: "Undecided, in another way",
        NEW: "New clauses",
        RETIRED: "Retired clauses",
        REDEFINED: "Clauses that say something else now",
    }
)
_IN_SHORT: Mapping[str, str] = MappingProxyType(
    {
        REGRESSED: "regressed",
        FAILS_NOW: "newly failing",
        LOST: "lost",
        FAILS_DIFFERENTLY: "failing differently",
        FIXED: "fixed",
        GAINED: "gained",
        OBSERVATION: "observed otherwise",
        UNDECIDED: "undecided otherwise",
        NEW: "new",
        RETIRED: "retired",
        REDEFINED: "redefined",
    }
)
_LEVEL = f"{1 - CHANCE:.0%}"
HOW_TIMES = (
    f"A group is named where the whole {_LEVEL} interval lies beyond {SMALLEST_SHIFT_MS:g} ms and a ratio of "
    f"{SMALLEST_RATIO:g}, and where neither a machine or line that is slower for all, nor {LOAD:g} times "
    f"the load explains it; all answers together beyond {SMALLEST_COMMON_SHIFT_MS:g} ms and {SMALLEST_COMMON_RATIO:g}. "
    f"The intervals hold together: the level is that of all groups. "
    f"At least {FEWEST_TIMES} times in each run are needed."
)


def clause_sides(change: ClauseChange) -> Iterator[tuple[str, str]]:
    """Yield what a clause was and is, each with "old" or "new" before it."""
    for name, record in (("old", change.old), ("new", change.new)):
        if record is not None:
            yield name, _definition(record) if change.kind == REDEFINED else _said(record)


def _definition(record: Mapping[str, Any]) -> str:
    return f"{record['level']}, {record['concern']}: {record['claim']}"


def _said(record: Mapping[str, Any]) -> str:
    """Return the verdict with what stands behind it."""
    verdict = record["verdict"].replace("_", " ")
    if record["verdict"] == verdicts.FAIL:
        counts = f"{record['violated']} of {record['exercised']} exchanges"
        return f"{verdict} ({counts}): {record['observed'] or 'nothing told'}"
    detail = record["observation"] or record["detail"] or record["reason"]
    return f"{verdict}: {detail}" if detail else verdict


def clause_notes(found: Comparison, change: ClauseChange) -> Iterator[str]:
    """Yield remarks on a change of a clause, and what changed in the answers that are its evidence."""
    yield from change.notes
    for answer in found.explained:
        if change.record["id"] in answer.clauses:
            yield f"in its answers: {answer_text(answer)}"


def answer_text(change: AnswerChange) -> str:
    """Return what changed at a place of the answers."""
    if change.kind == STATUS:
        return f"status {change.old} → {change.new}"
    place = change.place if change.place != BODY else "the body"
    if change.kind == TYPE:
        return f"{place}: {change.old} → {change.new}"
    kinds, word = (change.new, "appeared") if change.kind == APPEARED else (change.old, "vanished")
    return f"{place} {word}" if kinds == "present" else f"{place} ({kinds}) {word}"


def seen_text(change: AnswerChange) -> str:
    """Return in how many cases a change was seen."""
    return "; ".join(f"{seen.count} of {seen.of} cases answered {seen.status}" for seen in change.seen)


def group_name(item: Latency) -> str:
    """Return what answers a group of times holds."""
    if item.status is None:
        return "all answers"
    return f"answers {item.status}" if item.family is None else f"answers {item.status} to {item.family}"


def shift_text(item: Latency) -> str:
    """Return how the times of a group shifted, with the interval and the sizes of the samples."""
    assert item.shift_ms is not None
    assert item.ratio is not None
    shift = item.shift_ms
    word = "slower" if shift.estimate > 0 else "faster"
    return (
        f"{word}: median {ms(median(item.old_ms))} → {ms(median(item.new_ms))} ms ({_signed(shift.estimate)} ms, "
        f"{_LEVEL} interval {_signed(shift.low)} to {_signed(shift.high)}; × {item.ratio.estimate:.3g}), "
        f"n = {len(item.old_ms)} and {len(item.new_ms)}"
    )


def ms(value: float) -> str:
    """Return milliseconds as a person reads them."""
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{ms(abs(value))}"


def closing_line(found: Comparison) -> str:
    """Return the outcome in one line, with how much was compared."""
    if not found.is_changed:
        return f"Nothing changed: {compared(found)}; exit {found.exit_code}"
    counts = ((len(found.of_kind(kind)), word) for kind, word in _IN_SHORT.items())
    told = [f"{count} {word}" for count, word in counts if count]
    told += [f"{len(found.answers)} in the answers"] if found.answers else []
    told += [f"{len(found.shifts)} in latency"] if found.shifts else []
    return f"Changed: {', '.join(told)} ({compared(found)}); exit {found.exit_code}"


def compared(found: Comparison) -> str:
    """Return how much of both runs was compared."""
    clauses = f"{found.shared_clauses} clauses"
    if found.old.exchanges is None or found.new.exchanges is None:
        return f"{clauses} compared, answers and times were not"
    exchanges = f"{len(found.old.exchanges)} and {len(found.new.exchanges)} exchanges"
    groups = sum(item.verdict == STEADY or item.is_reported for item in found.latency)
    return f"{clauses}, {found.shared_cases} cases of both runs ({exchanges}) and {groups} groups of times compared"
