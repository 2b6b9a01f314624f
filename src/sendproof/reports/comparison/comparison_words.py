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
from sendproof.reports.observations import in_words

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
        expected, observed = record["expected"] or record["claim"], record["observed"] or "no detail"
        return f"{verdict} ({counts}): expected {expected}, observed {observed}"
    detail = in_words(record["observation"]) if record["observation"] else record["detail"] or record["reason"]
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
    """Return in a plain sentence how the times of a group shifted."""
    assert item.shift_ms is not None
    word = "longer" if item.shift_ms.estimate > 0 else "less"
    medians = f"half of them within {ms(median(item.old_ms))} ms before, within {ms(median(item.new_ms))} ms now"
    return f"{group_name(item)} take about {ms(abs(item.shift_ms.estimate))} ms {word}: {medians}"


def shift_figures(item: Latency) -> str:
    """Return the figures behind the sentence: the interval, the ratio and the sizes of the samples."""
    assert item.shift_ms is not None
    assert item.ratio is not None
    shift = item.shift_ms
    return (
        f"{group_name(item)}: {_signed(shift.estimate)} ms, {_LEVEL} interval {_signed(shift.low)} to "
        f"{_signed(shift.high)} ms; × {item.ratio.estimate:.3g}; n = {len(item.old_ms)} and {len(item.new_ms)}"
    )


def ms(value: float) -> str:
    """Return milliseconds as a person reads them."""
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{ms(abs(value))}"


# So many are named in the sentence that says whether to act; all of them follow it.
_MOST_NAMED = 3


def advice(found: Comparison) -> str:
    """Say whether to act on what changed, and on what; "" where nothing changed."""
    return " ".join(_advice(found))


def _advice(found: Comparison) -> Iterator[str]:
    gating = [change.record["id"] for change in found.clauses if change.gates]
    if gating:
        yield f"Act: {_some(gating)} {'is' if len(gating) == 1 else 'are'} broken now, or not shown any more."
    elif found.is_changed:
        yield "No promise is newly broken."
    if other := [change.record["id"] for change in found.of_kind(FAILS_DIFFERENTLY)]:
        yield f"Look again at what was broken before: {_some(other)}."
    redefined = (*found.of_kind(NEW), *found.of_kind(REDEFINED))
    if broken := [item.record["id"] for item in redefined if item.new and item.new["verdict"] == verdicts.FAIL]:
        yield f"Look at what the old run did not ask, or asked otherwise, and is broken: {_some(broken)}."
    fixed = found.of_kind(FIXED)
    if holding := [change.record["id"] for change in fixed]:
        waived = any(change.old and change.old["waiver"] is not None for change in fixed)
        yield f"Now kept: {_some(holding)}{': their waivers can go' if waived else ''}."
    relied = [*map(_otherwise, found.of_kind(OBSERVATION)), *map(answer_text, found.answers)]
    if relied:
        yield f"{'Act also' if gating else 'Act only'} if you rely on this: {_some(relied, '; ')}."
    if found.shifts:
        sentences = [shift_text(item).partition(":")[0] for item in found.shifts]
        told = _some(sentences, "; ")
        yield f"{told[:1].upper()}{told[1:]}: look at your timeouts."


def _otherwise(change: ClauseChange) -> str:
    """Return what was observed otherwise: "the form of `id`, from msg_… (letters) to a UUID"."""
    claim = change.record["claim"].removesuffix(".")
    sides = (
        in_words(record["observation"] or "nothing") if record else "nothing" for record in (change.old, change.new)
    )
    return f"{claim[:1].lower()}{claim[1:]}, from {' to '.join(sides)}"


def _some(texts: list[str], between: str = ", ") -> str:
    rest = len(texts) - _MOST_NAMED
    return between.join(texts[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


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
