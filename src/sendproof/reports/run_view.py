"""A run as every report reads it: its values, what it ends with, and the words for both, each said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sendproof import exit_codes
from sendproof.contract.clause import CONCERNS, Clause
from sendproof.contract.provider import Provider
from sendproof.exchange import Exchange
from sendproof.judge.verdicts import (
    ERROR,
    EXCUSED_REASONS,
    FAIL,
    INCONCLUSIVE,
    NEVER_GATE,
    NOT_APPLICABLE,
    NOT_EXERCISED,
    OBSERVATION,
    PASS,
    Judgement,
    ReasonCode,
    Verdict,
)
from sendproof.target.pseudonyms import Pseudonym


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that was learned of one target in one run; nothing in it is secret.

    `kind` is "mock" or "live". `waived` maps clause ids to the reason of a live waiver.
    `environment_error` says why nothing was judged. `credits` is what the run's accepted
    messages cost by the contract's prices, or None where it has none. `variables` maps
    (key name, credential part) to the environment variable that a reproduction uses.
    `withheld` counts cases that the client left out, by reason. `pseudonyms` are shown for
    numbers and texts of the profile, `notes` say what was not asked any more. `not_waived` says, by
    clause, that a waiver expected another failure. `problem` is an exit code and a line, where an error of
    ours, of this machine or of pytest has a part in how the run ended. `left_out` counts questions that were not asked
    for the budget; a run that left out none about a required clause is `complete`.
    """

    provider: str
    title: str
    kind: str
    base_url: str
    name: str
    version: str
    contract_sha256: str
    corpus_sha256: str
    seed: int
    started: datetime
    duration_s: float
    complete: bool
    strict: bool
    require_complete: bool
    requests: int
    accepted: int
    credits: int | None
    exchanges: tuple[Exchange, ...]
    judgements: tuple[Judgement, ...]
    verdicts: tuple[Verdict, ...]
    waived: Mapping[str, str]
    waiver_errors: tuple[str, ...]
    withheld: Mapping[str, int]
    environment_error: str | None
    variables: Mapping[tuple[str, str], str]
    pseudonyms: tuple[Pseudonym, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    not_waived: Mapping[str, str] = field(default_factory=dict)
    problem: tuple[int, str] | None = None
    left_out: int = 0


# Heads of the columns of a table by concern.
COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        PASS: "pass",
        FAIL: "fail",
        OBSERVATION: "observed",
        INCONCLUSIVE: "inconclusive",
        NOT_EXERCISED: "not exercised",
        NOT_APPLICABLE: "not applicable",
        ERROR: "error",
    }
)
MOST_IDS = 12
NO_REASON = "no reason given"
# What the answers leave undecided is said by the detail alone: the code adds nothing.
_SAID_BY_DETAIL = (None, ReasonCode.UNDECIDED)


def exit_code(run: Run) -> int:
    """Return the exit code of a run, by the first of the conditions that hold."""
    return exit_codes.first_of(_codes(run))


def _codes(run: Run) -> Iterator[int]:
    if run.interrupted:
        yield exit_codes.INTERRUPTED
    if run.problem is not None:
        yield run.problem[0]
    if unwaived_failures(run):
        yield exit_codes.FAILED
    if run.environment_error is not None or not run.accepted or any(item.verdict == ERROR for item in run.verdicts):
        yield exit_codes.ENVIRONMENT
    if run.waiver_errors:
        yield exit_codes.WAIVER
    if undecided(run):
        yield exit_codes.INCOMPLETE


def unwaived_failures(run: Run) -> tuple[Verdict, ...]:
    """Return the failures that gate: of required clauses, and with `strict` of recommended ones."""
    levels = ("required", "recommended") if run.strict else ("required",)
    return tuple(
        item
        for item in run.verdicts
        if item.verdict == FAIL and item.clause.level in levels and item.clause.id not in run.waived
    )


def undecided(run: Run) -> tuple[Verdict, ...]:
    """Return the required clauses that make a run incomplete."""
    covered = _covered(run)
    return tuple(
        item
        for item in run.verdicts
        if is_missing(item, require_complete=run.require_complete) and item.clause.id not in covered
    )


def is_missing(verdict: Verdict, *, require_complete: bool = False) -> bool:
    """Whether a clause is required and was left undecided, so that a run is incomplete (exit 10)."""
    if verdict.clause.level != "required" or verdict.verdict not in (NOT_EXERCISED, INCONCLUSIVE):
        return False
    return verdict.reason not in NEVER_GATE and (require_complete or verdict.reason not in EXCUSED_REASONS)


def _covered(run: Run) -> frozenset[str]:
    """Return the clauses that only waived failures keep from being decided."""
    covered = set(run.waived)
    resting = {item.clause.id: item.explained_by for item in run.verdicts if item.explained_by}
    while more := {name for name, causes in resting.items() if name not in covered and covered.issuperset(causes)}:
        covered |= more
    return frozenset(covered)


def by_concern(run: Run) -> Mapping[str, Counter[str]]:
    """Return the verdicts of each concern that has clauses, counted, in the order of the concerns."""
    counts = {concern: Counter[str]() for concern in CONCERNS}
    for item in run.verdicts:
        counts[item.clause.concern][item.verdict] += 1
    return {concern: found for concern, found in counts.items() if found}


def with_verdict(run: Run, verdict: str, level: str | None = None) -> tuple[Verdict, ...]:
    """Return what has that verdict, of one level or of all."""
    return tuple(item for item in run.verdicts if item.verdict == verdict and level in (None, item.clause.level))


def by_reason(verdicts: Iterable[Verdict]) -> Mapping[str, tuple[Verdict, ...]]:
    """Group verdicts by their reason."""
    return _grouped((why(item), item) for item in verdicts)


def why(verdict: Verdict) -> str:
    """Return why a clause was not decided: the code of the reason, where it says something, and the sentence."""
    code = None if verdict.reason in _SAID_BY_DETAIL else verdict.reason
    return ": ".join(part for part in (code, verdict.detail) if part) or NO_REASON


def not_exercised(run: Run, provider: Provider) -> Mapping[str, tuple[Verdict, ...]]:
    """Group what was not asked by the reason, and by the fixture that would unlock it."""
    found = with_verdict(run, NOT_EXERCISED)
    return _grouped((_hint(item, provider), item) for item in found)


def _hint(verdict: Verdict, provider: Provider) -> str:
    fixture = fixture_for(verdict.clause, provider) if verdict.reason == ReasonCode.NO_FIXTURE else None
    return f"no_fixture: the profile has no fixtures.{fixture}" if fixture else why(verdict)


def _grouped(pairs: Iterable[tuple[str, Verdict]]) -> Mapping[str, tuple[Verdict, ...]]:
    groups: dict[str, tuple[Verdict, ...]] = {}
    for name, item in pairs:
        groups[name] = (*groups.get(name, ()), item)
    return groups


def fixture_for(clause: Clause, provider: Provider) -> str | None:
    """Return the name of the fixture that unlocks a clause, such as "failing_recipients.opted_out"."""
    cause = clause.params.get("cause")
    for name, fixture in provider.fixtures.items():
        if clause.id in fixture.unlocks:
            return name
        if cause in fixture.causes:
            return f"{name}.{cause}"
    return None


def ids(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return the clause ids of some verdicts, many shortened to how many more there are."""
    found = [item.clause.id for item in verdicts]
    more = len(found) - MOST_IDS
    return (*found[:MOST_IDS], f"and {more} more") if more > 0 else tuple(found)


_LEFT_OUT = {
    "Withheld": "left out, since they might have reached somebody whom the profile does not name",
    "Unbindable": "left out, since the profile lacks what they need",
}


def remarks(run: Run) -> tuple[str, ...]:
    """Return what a reader has to know besides the verdicts: what was not asked, and why."""
    left_out_cases = (f"{count} requests were {_LEFT_OUT.get(why, why)}" for why, count in run.withheld.items())
    told = (run.problem[1],) if run.problem is not None and run.problem[0] != exit_code(run) else ()
    to_raise = "" if run.complete else "; sendproof plan names the limit of the budget to raise"
    left_out = (f"{completeness(complete=run.complete, left_out=run.left_out)}{to_raise}",) if run.left_out else ()
    return (*told, *left_out, *run.notes, *left_out_cases)


def shown_instead(run: Run) -> str | None:
    """Say what is shown in the place of numbers and texts of the profile, if anything is."""
    if not run.pseudonyms:
        return None
    named = ", ".join(f"{item.shown} ({item.setting})" for item in run.pseudonyms)
    return f"shown in the place of numbers and texts of the profile: {named}"


def is_unjudged(run: Run) -> bool:
    """Whether nothing was judged, for a cause that is said: then there is nothing but that cause to read."""
    decided = any(item.verdict in (PASS, FAIL, OBSERVATION, INCONCLUSIVE) for item in run.verdicts)
    return run.environment_error is not None and not decided


def completeness(*, complete: bool, left_out: int) -> str:
    """Say whether a run came to its end, in the same words wherever it is said."""
    questions = f"{left_out} {'question' if left_out == 1 else 'questions'} left out for the budget"
    if complete:
        return f"complete, {questions.replace(' question', ' optional question')}" if left_out else "complete"
    return f"not complete: {questions}, required ones among them" if left_out else "not complete: it was broken off"


def waiver_of(run: Run, clause: str) -> tuple[str, str] | None:
    """Return what a waiver says of a failing clause: ("waived", its reason), or ("not waived", why not)."""
    if (reason := run.waived.get(clause)) is not None:
        return "waived", reason
    return ("not waived", said) if (said := run.not_waived.get(clause)) is not None else None


def headline(run: Run) -> str:
    """Return in a few words what the exit code of a run means."""
    code = exit_code(run)
    if code == exit_codes.OK:
        waived = any(item.clause.id in run.waived for item in with_verdict(run, FAIL, "required"))
        return f"every required clause that was asked holds{' or is waived' if waived else ''}"
    if code == exit_codes.FAILED and unwaived_failures(run):
        return f"{_clauses(len(unwaived_failures(run)), run)} broken"
    if code == exit_codes.INCOMPLETE:
        return f"incomplete: {_clauses(len(undecided(run)), run, 'required ')} not decided"
    return _stopped(code, run)


def _stopped(code: int, run: Run) -> str:
    if code == exit_codes.INTERRUPTED:
        return "interrupted"
    if code == exit_codes.WAIVER:
        return f"waivers: {' '.join(run.waiver_errors)}"
    if run.problem is not None:
        return run.problem[1]
    if run.environment_error is not None:
        return f"nothing was judged: {run.environment_error}"
    if errors := len(with_verdict(run, ERROR)):
        return f"{errors} of the checks ended in an error"
    return "no message was accepted, which proves nothing"


def _clauses(count: int, run: Run, kind: str | None = None) -> str:
    """Return "1 required clause is" or "3 clauses are"."""
    shown = kind if kind is not None else "" if run.strict else "required "
    return f"{count} {shown}{'clause is' if count == 1 else 'clauses are'}"


def traffic(run: Run) -> str:
    """Return what a run cost: requests, accepted messages, credits, seconds."""
    spent = "" if run.credits is None else f", {run.credits} credits"
    return f"{run.requests} requests, {run.accepted} accepted{spent}, {run.duration_s:.1f} s"


def closing_line(run: Run) -> str:
    """Return the one line that stands for a run: target, meaning, cost, exit code."""
    where = f"{run.title} ({run.kind})" if run.name == run.provider else f"{run.title} ({run.kind}, {run.name})"
    return f"{where}: {headline(run)}; {traffic(run)}; exit {exit_code(run)}"
