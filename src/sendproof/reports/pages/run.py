"""The page of one run (`report.html`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from sendproof import exit_codes
from sendproof.contract.clause import CONCERNS
from sendproof.contract.model import Contract
from sendproof.judge.verdicts import (
    ERROR,
    FAIL,
    INCONCLUSIVE,
    NOT_APPLICABLE,
    NOT_EXERCISED,
    OBSERVATION,
    PASS,
    ReasonCode,
    Verdict,
)
from sendproof.reports import run_view
from sendproof.reports.curl import exports, for_support, reproduction, variables_read
from sendproof.reports.observations import in_words
from sendproof.reports.pages import render
from sendproof.reports.pages.messages import Shown, cited
from sendproof.reports.pages.plots import latency_plot
from sendproof.reports.run_view import Run, exit_code, unwaived_failures
from sendproof.reports.text import visible

LEVELS = ("required", "recommended", "open")
MOST_EXCHANGES = 300
_LONGEST_COMMAND = 16_000
_OPEN_FAILURES = 5
# Of a preflight that failed: the last two attempts say all.
_MOST_ASKED = 2
_STATES = {exit_codes.OK: ("good", "✓", "Holds"), exit_codes.FAILED: ("bad", "✗", "Broken")}
_UNDECIDED = ("warn", "?", "Undecided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A pytest item that is no clause, or that ended before its clause was looked at."""

    name: str
    outcome: str
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A broken clause as its card shows it.

    `variables` are those that the command reads, `support` is the same command with stand-ins for them.
    """

    verdict: Verdict
    expected: Pieces
    observed: Pieces
    command: str | None
    support: str | None
    variables: tuple[str, ...]
    smallest: Shown | None
    waiver: tuple[str, str] | None
    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Clauses of one concern and level: how many passed (or were observed), were asked, apply, fail."""

    passed: int
    exercised: int
    applicable: int
    failed: int


def run_page(run: Run, contract: Contract, tests: Iterable[Test] = (), made_by: str = "") -> str:
    """Return the page of a run; `tests` are pytest's other items, `made_by` names what drew it."""
    failed = [*unwaived_failures(run)]
    failed += [item for item in _sorted(run_view.with_verdict(run, FAIL)) if item not in failed]
    evidence = cited(run.exchanges, dict.fromkeys(_wanted(run, failed)), MOST_EXCHANGES)
    state = _STATES.get(exit_code(run), _UNDECIDED)
    return render(
        "report.html",
        run=run,
        contract=contract,
        state=state,
        headline=run_view.headline(run),
        traffic=run_view.traffic(run),
        completeness=run_view.completeness(complete=run.complete, left_out=run.left_out),
        code=exit_code(run),
        totals={level: coverage(item for item in run.verdicts if item.clause.level == level) for level in LEVELS},
        table=_table(run),
        failures=[_failure(item, run, contract, evidence, number) for number, item in enumerate(failed)],
        gating=len(unwaived_failures(run)),
        undecided=_undecided(run),
        locked=_locked(run, contract),
        observations=run_view.with_verdict(run, OBSERVATION),
        seen=seen,
        plot=latency_plot(_times(run)),
        remarks=(*run_view.remarks(run), *filter(None, (run_view.shown_instead(run),))),
        exports=_exports(failed, run, contract),
        unjudged=run_view.is_unjudged(run),
        asked=tuple(
            cited(run.exchanges, dict.fromkeys(item.id for item in run.exchanges[-_MOST_ASKED:]), _MOST_ASKED).values()
        ),
        rows=run.verdicts,
        details=_details(run),
        concerns=list(run_view.by_concern(run)),
        levels=list(dict.fromkeys(item.clause.level for item in run.verdicts)),
        evidence=evidence,
        tests=tuple(tests),
        made_by=made_by,
    )


def coverage(verdicts: Iterable[Verdict]) -> Coverage:
    """Count what passed, was asked and applies."""
    given = [item.verdict for item in verdicts if item.verdict != NOT_APPLICABLE]
    return Coverage(
        passed=sum(item in (PASS, OBSERVATION) for item in given),
        exercised=sum(item != NOT_EXERCISED for item in given),
        applicable=len(given),
        failed=given.count(FAIL),
    )


def _table(run: Run) -> dict[str, dict[str, Coverage]]:
    by_concern = {name: [item for item in run.verdicts if item.clause.concern == name] for name in CONCERNS}
    return {
        concern: {level: coverage(item for item in found if item.clause.level == level) for level in LEVELS}
        for concern, found in by_concern.items()
        if found
    }


def _sorted(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return sorted(verdicts, key=lambda item: LEVELS.index(item.clause.level) if item.clause.level in LEVELS else 9)


def _wanted(run: Run, failed: Iterable[Verdict]) -> Iterator[str]:
    """Yield the exchanges that the page shows: of failures all that are named, of the others the first."""
    for item in failed:
        yield from item.evidence
    for verdict in (ERROR, INCONCLUSIVE, OBSERVATION, PASS):
        for item in run_view.with_verdict(run, verdict):
            yield from item.evidence[:1]


def _failure(verdict: Verdict, run: Run, contract: Contract, evidence: Mapping[str, Shown], number: int) -> Failure:
    expected, observed = differing(verdict.expected or "", verdict.observed or "")
    command = reproduction(verdict, run, contract.provider)
    return Failure(
        verdict=verdict,
        expected=expected,
        observed=observed,
        command=command if command is None or len(command) <= _LONGEST_COMMAND else None,
        support=for_support(verdict, run, contract.provider) if command and len(command) <= _LONGEST_COMMAND else None,
        variables=variables_read(command or "", run, contract.provider),
        smallest=evidence.get(verdict.evidence[0]) if verdict.evidence else None,
        waiver=run_view.waiver_of(run, verdict.clause.id),
        opened=number < _OPEN_FAILURES,
    )


def _exports(failed: Iterable[Verdict], run: Run, contract: Contract) -> str:
    """Return the lines that set what the commands of the page read."""
    commands = (reproduction(verdict, run, contract.provider) for verdict in failed)
    shown = (command for command in commands if command and len(command) <= _LONGEST_COMMAND)
    return "\n".join(visible(line, 300) for line in exports(shown, run, contract.provider))


def _undecided(run: Run) -> list[tuple[str, str, tuple[Verdict, ...]]]:
    return [
        (verdict, reason, found)
        for verdict in (ERROR, INCONCLUSIVE)
        for reason, found in run_view.by_reason(run_view.with_verdict(run, verdict)).items()
    ]


def _locked(run: Run, contract: Contract) -> list[tuple[str, str | None, tuple[Verdict, ...]]]:
    """Return what was not asked: why in words, the fixture that it needs, the clauses."""
    groups: dict[tuple[str, str | None], tuple[Verdict, ...]] = {}
    for item in run_view.with_verdict(run, NOT_EXERCISED):
        fixture = run_view.fixture_for(item.clause, contract.provider) if item.reason == ReasonCode.NO_FIXTURE else None
        key = (item.detail or run_view.NO_REASON, fixture)
        groups[key] = (*groups.get(key, ()), item)
    return [(reason, fixture, found) for (reason, fixture), found in groups.items()]


def _times(run: Run) -> Mapping[str, list[float]]:
    times: dict[str, list[float]] = {"accepted": [], "refused": []}
    for item in run.judgements:
        times.setdefault(item.outcome.replace("_", " "), []).append(item.exchange.elapsed_s * 1000)
    return times


def seen(verdict: Verdict) -> str:
    """Return what was observed of an open clause, in words."""
    return in_words(verdict.observation, verdict.clause) if verdict.observation else ""


def _details(run: Run) -> Mapping[str, str]:
    """Return in a few words what there is to say of each clause beside its verdict."""
    return {item.clause.id: seen(item) or item.observed or item.detail or "" for item in run.verdicts}


def page_values(data: Mapping[str, Any]) -> tuple[Test, ...]:
    """Return pytest-html's items that are no clause: those whose rows have no verdict."""
    tests = (item for items in data.get("tests", {}).values() for item in items)
    return tuple(
        Test(name=item["testId"], outcome=item["result"], log=item["log"]) for item in tests if not item.get("verdict")
    )


Pieces = tuple[tuple[str, bool], ...]
"""Pieces of a text in order, each with whether the other text lacks it."""

_LONGEST_COMPARED = 2000
# SequenceMatcher takes up to the third power of the words: 54 s for two texts of 2,000 characters, measured. A message
# of ten segments has some 300 words and blanks, which take less than a fifth of a second at worst.
_MOST_PAIRS = 300 * 300
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def differing(expected: str, observed: str) -> tuple[Pieces, Pieces]:
    """Return both texts in pieces, with what is not in the other one marked; both are made visible and cut.

    Only values that can be compared are marked: texts with a word in common, or of one word each.
    """
    left, right = (_WORDS.findall(visible(text, _LONGEST_COMPARED)) for text in (expected, observed))
    if not {word for word in left if word.isalnum()}.intersection(right):
        is_value = len(left) == len(right) == 1
        return ((("".join(left), False),) if left else ()), ((("".join(right), is_value),) if right else ())
    blocks = _blocks(left, right)
    return (
        _joined((("".join(left[a:b]), kind != "equal") for kind, a, b, _, _ in blocks)),
        _joined((("".join(right[c:d]), kind != "equal") for kind, _, _, c, d in blocks)),
    )


def _blocks(left: list[str], right: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Return what is equal and what is not as `SequenceMatcher` does; of many words, the two ends that are equal."""
    if len(left) * len(right) <= _MOST_PAIRS:
        return list(SequenceMatcher(None, left, right, autojunk=False).get_opcodes())
    start = _common(left, right)
    end = _common(left[start:][::-1], right[start:][::-1])
    one, other = len(left) - end, len(right) - end
    return [
        ("equal", 0, start, 0, start),
        ("replace", start, one, start, other),
        ("equal", one, len(left), other, len(right)),
    ]


def _common(left: Iterable[str], right: Iterable[str]) -> int:
    """Return how many words two texts have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _joined(pieces: Iterator[tuple[str, bool]]) -> Pieces:
    """Join marks that only a space keeps apart: single letters that happen to agree explain nothing."""
    joined: list[tuple[str, bool]] = []
    for text, marked in pieces:
        if not text:
            continue
        if marked and len(joined) > 1 and joined[-2][1] and not joined[-1][0].strip():
            between, _ = joined.pop()
            before, _ = joined.pop()
            joined.append((before + between + text, True))
        else:
            joined.append((text, marked))
    return tuple(joined)
