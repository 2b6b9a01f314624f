"""Findings of the checks, and the one verdict of each clause that they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract
from sendproof.exchange import Exchange
from sendproof.judge.request_analysis import RequestAnalysis


class FindingKind(StrEnum):
    """What a finding says of its clause.

    OBSERVED comes with a value. UNDECIDED was asked, and the answer does not decide it. EXCUSED was refused as another
    clause permits, or nothing that it speaks of was in the answer. LOST is a valid message that was never answered: the
    clause cannot be said to hold.
    """

    UPHELD = "upheld"
    CONTRADICTED = "contradicted"
    OBSERVED = "observed"
    UNDECIDED = "undecided"
    EXCUSED = "excused"
    LOST = "lost"


class ExchangeOutcome(StrEnum):
    """What an exchange came to. `contract.outcome` decides it from the answer; OTHER is no answer of the operation."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    NO_ANSWER = "no_answer"
    OTHER = "other"


class VerdictWord(StrEnum):
    """What a run says of a clause."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    OBSERVATION = "observed"
    INCONCLUSIVE = "inconclusive"
    NOT_EXERCISED = "not_exercised"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


# Each by its own name, as they are used all over the judge and the reports.
UPHELD, CONTRADICTED, OBSERVED, UNDECIDED, EXCUSED, LOST = FindingKind
ACCEPTED, REFUSED, THROTTLED, SERVER_ERROR, NO_ANSWER, OTHER = ExchangeOutcome
PASS, FAIL, OBSERVATION, INCONCLUSIVE, NOT_EXERCISED, NOT_APPLICABLE, ERROR = VERDICTS = tuple(VerdictWord)


class ReasonCode(StrEnum):
    """Why a verdict is neither a pass nor a failure; `SENTENCES` says each in words.

    In the order of precedence: of several reasons of one clause the first is given. Those that never gate come last:
    where another reason left the clause undecided too, more requests of the same kind could have decided it.
    """

    SUSPECT = "suspect"
    ACCOUNT_DRY = "account_dry"
    THROTTLED = "throttled"
    DEPENDENCY = "dependency"
    NOT_RECORDED = "not_recorded"
    UNDECIDED = "undecided"
    BUDGET = "budget"
    NO_TEST = "no_test"
    NO_FIXTURE = "no_fixture"
    FILTERED = "filtered"
    NOT_DISTINGUISHED = "not_distinguished"
    VOID = "void"


SENTENCES: Mapping[ReasonCode, str] = MappingProxyType(
    {
        ReasonCode.SUSPECT: "the answers contradict it or the clause that fails, and do not show which",
        ReasonCode.ACCOUNT_DRY: "the account seems to have no credits left",
        ReasonCode.THROTTLED: "a limit of requests was in the way",
        ReasonCode.DEPENDENCY: "what it rests on was not reached or does not hold",
        ReasonCode.NOT_RECORDED: "the recording does not show it",
        ReasonCode.UNDECIDED: "it was asked, and the answers do not decide it",
        ReasonCode.BUDGET: "the budget was spent before",
        ReasonCode.NO_TEST: "no request of this run could show it",
        ReasonCode.NO_FIXTURE: "the profile names nothing to show it with",
        ReasonCode.FILTERED: "it was left out of this run",
        ReasonCode.NOT_DISTINGUISHED: "a service that breaks it may answer in the same way",
        ReasonCode.VOID: "what the documents permit leaves nothing to look at",
    }
)

# Nothing that a user of the tool could add to a run would decide these.
NEVER_GATE = frozenset({ReasonCode.VOID, ReasonCode.NOT_DISTINGUISHED})
# What the user chose not to ask, or has nothing to ask it with, gates only where everything is demanded.
EXCUSED_REASONS = frozenset({ReasonCode.NO_FIXTURE, ReasonCode.FILTERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an exchange says of a clause.

    `observed` says what was seen, or why it is undecided. A contradiction counts only where none of the clauses
    `unless` is contradicted, each of which would explain it. `reason` is why an UNDECIDED clause is so. `suspects` are
    the other clauses of which any would explain a contradiction too. Where a keyword of a schema is broken, `keyword`
    and `pointer` say which, and where in the answer.
    """

    clause: str
    exchange: str
    kind: FindingKind
    expected: str = ""
    observed: str = ""
    value: str | None = None
    unless: tuple[str, ...] = ()
    reason: ReasonCode | None = None
    suspects: tuple[str, ...] = ()
    keyword: str | None = None
    pointer: str | None = None


class OfAnExchange:
    """Whatever is known of one exchange: it makes the findings of it."""

    __slots__ = ()
    exchange: Exchange

    def finding(
        self,
        kind: FindingKind,
        clause: str,
        *,
        expected: str = "",
        observed: str = "",
        unless: tuple[str, ...] = (),
        reason: ReasonCode | None = None,
        suspects: tuple[str, ...] = (),
    ) -> Finding:
        """Return what this exchange says of a clause."""
        return Finding(
            clause=clause,
            exchange=self.exchange.id,
            kind=kind,
            expected=expected,
            observed=observed,
            unless=unless,
            reason=reason,
            suspects=suspects,
        )

    def checked(
        self, clause: str, *, holds: bool, expected: str = "", observed: str = "", unless: tuple[str, ...] = ()
    ) -> Finding:
        """Return the finding of a check that holds or does not."""
        kind = UPHELD if holds else CONTRADICTED
        return self.finding(kind, clause, expected=expected, observed=observed, unless=unless)

    def observation(self, clause: str, value: str) -> Finding:
        """Return what this exchange shows of an open clause."""
        return Finding(clause=clause, exchange=self.exchange.id, kind=OBSERVED, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(OfAnExchange):
    """One exchange, judged by itself.

    `sole_reason` is the clause that alone explains a refusal (upheld only with a control); `unexplained` says that a
    refusal has no reason at all; `of_the_account` that it speaks of the account, which no request can rule out.
    `answer` is the JSON value of the answer, or MISSING.
    """

    exchange: Exchange
    analysis: RequestAnalysis
    outcome: ExchangeOutcome
    answer: Any
    findings: tuple[Finding, ...]
    sole_reason: str | None = None
    unexplained: bool = False
    of_the_account: bool = False

    @property
    def status(self) -> int | None:
        """The status code of the answer, if there is one."""
        return self.exchange.response.status if self.exchange.response else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All that a sequence of exchanges says: each judged by itself, and every finding."""

    judgements: tuple[Judgement, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the evidence says of one clause of one target.

    `reason` is given for "not_exercised", "inconclusive" and, where the vendor's choices leave nothing
    to look at, for "not_applicable"; `detail` says it in a sentence, and what an "error" was and why an excluded
    clause cannot be seen. `exercised` and `violated` count exchanges. `evidence` are exchange
    ids, the smallest contradiction first. `suspects` are the other clauses that would explain a failure;
    `explained_by` the failing clauses for which this one was not decided. `keyword` and `pointer` say which keyword of
    a schema was broken, and where in the answer, if that is the failure.
    """

    clause: Clause
    verdict: VerdictWord
    reason: ReasonCode | None = None
    detail: str | None = None
    exercised: int = 0
    violated: int = 0
    expected: str | None = None
    observed: str | None = None
    observation: str | None = None
    evidence: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()
    explained_by: tuple[str, ...] = ()
    keyword: str | None = None
    pointer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Why clauses may not have been asked.

    `no_fixture` are the clauses that the profile does not unlock, `selected` those that
    were asked for (None: all), `planned` those that the plan could exercise.
    `for_budget` are those about which something was left out for the budget, `too_dear` those for which the
    profile's balance or limit is too large to be reached within it, each with a sentence. `stopped` says why the
    asking was broken off: the network or the suite failed.
    """

    no_fixture: frozenset[str] = frozenset()
    selected: frozenset[str] | None = None
    for_budget: frozenset[str] = frozenset()
    too_dear: Mapping[str, str] = field(default_factory=dict)
    stopped: str | None = None
    planned: frozenset[str] = frozenset()


# So many exchanges are named as evidence, and so many different details: what fits in one line of a report.
_MOST_EVIDENCE, _MOST_DETAILS = 5, 3


def verdicts(contract: Contract, judged: Judged, facts: RunFacts) -> tuple[Verdict, ...]:
    """Return one verdict for each clause, in the order of the catalogue."""
    contradicted = {
        item.clause
        for item in judged.findings
        if item.kind == CONTRADICTED and not item.unless and (facts.selected is None or item.clause in facts.selected)
    }
    found: dict[str, list[Finding]] = {}
    for finding in judged.findings:
        explained = contradicted.intersection(finding.unless) if finding.unless else ()
        found.setdefault(finding.clause, []).append(_explained(finding, min(explained)) if explained else finding)
    order = {item.exchange.id: _plainness(item.exchange) for item in judged.judgements}
    alone = [
        _too_dear(_verdict(clause, found.get(clause.id, []), facts, order), facts)
        for clause in contract.clauses.values()
    ]
    failed = {item.clause.id: item for item in alone if item.verdict == FAIL}
    return tuple(_beside_failures(item, failed) for item in alone)


def _explained(finding: Finding, by: str) -> Finding:
    """Return what is left of a contradiction that another one explains."""
    return replace(finding, kind=UNDECIDED, observed=f"explained by {by}", reason=ReasonCode.DEPENDENCY, unless=(by,))


# Credentials that anybody takes for what they are.
_PLAIN = (None, "missing", "empty", "unknown", "unknown_id", "wrong_secret")
_Order = Mapping[str, tuple[bool, int]]


def _plainness(exchange: Exchange) -> tuple[bool, int]:
    """Return the order of exchanges as evidence: first those whose credentials need no explanation, then short ones."""
    return exchange.credential.fault not in _PLAIN, len(exchange.request.body)


def _verdict(clause: Clause, findings: list[Finding], facts: RunFacts, order: _Order) -> Verdict:
    """Return what the findings of a clause come to; the kinds are looked at in the order in which they outweigh."""
    if clause.level == "excluded":
        return Verdict(clause=clause, verdict=NOT_APPLICABLE, detail=clause.reason)
    if facts.selected is not None and clause.id not in facts.selected:
        return _open(clause, NOT_EXERCISED, ReasonCode.FILTERED)
    by_kind = {kind: [item for item in findings if item.kind == kind] for kind in FindingKind}
    if by_kind[CONTRADICTED]:
        return _failed(clause, by_kind, order)
    if by_kind[LOST]:
        return _inconclusive(clause, by_kind[LOST])
    if by_kind[UPHELD] or by_kind[OBSERVED]:
        return _held(clause, by_kind)
    if clause.id in facts.no_fixture or not (by_kind[UNDECIDED] or by_kind[EXCUSED]):
        return _not_exercised(clause, facts)
    if by_kind[UNDECIDED]:
        return _inconclusive(clause, by_kind[UNDECIDED])
    excused = by_kind[EXCUSED]
    return _open(clause, NOT_APPLICABLE, ReasonCode.VOID, detail=excused[0].observed, evidence=_ids(excused))


def _open(
    clause: Clause, verdict: VerdictWord, reason: ReasonCode, *, detail: str = "", evidence: tuple[str, ...] = ()
) -> Verdict:
    return Verdict(clause=clause, verdict=verdict, reason=reason, detail=detail or SENTENCES[reason], evidence=evidence)


def _failed(clause: Clause, by_kind: Mapping[FindingKind, list[Finding]], order: _Order) -> Verdict:
    against = sorted(by_kind[CONTRADICTED], key=lambda item: order.get(item.exchange, (False, 0)))
    return Verdict(
        clause=clause,
        verdict=FAIL,
        exercised=_count((*against, *by_kind[UPHELD])),
        violated=_count(against),
        expected=against[0].expected or clause.claim,
        observed=against[0].observed,
        keyword=against[0].keyword,
        pointer=against[0].pointer,
        evidence=_ids(against),
        suspects=tuple(dict.fromkeys(clause for item in against for clause in item.suspects)),
    )


def _held(clause: Clause, by_kind: Mapping[FindingKind, list[Finding]]) -> Verdict:
    findings = by_kind[UPHELD] or by_kind[OBSERVED]
    values = sorted({item.value for item in by_kind[OBSERVED] if item.value is not None})
    is_open = clause.level == "open"
    one_of_each_value: dict[str | None, Finding] = {}
    for item in findings:
        one_of_each_value.setdefault(item.value, item)
    return Verdict(
        clause=clause,
        verdict=OBSERVATION if is_open else PASS,
        exercised=_count(findings),
        observation="; ".join(values) if is_open else None,
        evidence=_ids(one_of_each_value.values()),
    )


def _inconclusive(clause: Clause, undecided: list[Finding]) -> Verdict:
    reasons = {item.reason or ReasonCode.UNDECIDED for item in undecided}
    reason = next(reason for reason in ReasonCode if reason in reasons)
    of_it = [item for item in undecided if (item.reason or ReasonCode.UNDECIDED) == reason]
    details = tuple(dict.fromkeys(item.observed for item in of_it if item.observed))
    # Explained by others only if each of the findings is.
    is_explained = reason == ReasonCode.DEPENDENCY and all(item.unless for item in of_it)
    return Verdict(
        clause=clause,
        verdict=INCONCLUSIVE,
        reason=reason,
        detail="; ".join(details[:_MOST_DETAILS]) or SENTENCES[reason],
        exercised=_count(undecided),
        evidence=_ids(undecided),
        explained_by=tuple(dict.fromkeys(name for item in of_it for name in item.unless)) if is_explained else (),
    )


def _not_exercised(clause: Clause, facts: RunFacts) -> Verdict:
    if clause.check == "internal_error":
        return _open(
            clause, NOT_APPLICABLE, ReasonCode.VOID, detail="no internal error was seen, and none can be asked for"
        )
    if clause.id in facts.no_fixture:
        return _open(clause, NOT_EXERCISED, ReasonCode.NO_FIXTURE)
    if facts.stopped is not None:
        return Verdict(clause=clause, verdict=ERROR, detail=facts.stopped)
    if clause.id not in facts.planned:
        return _open(clause, NOT_EXERCISED, ReasonCode.NO_TEST)
    if clause.id in facts.for_budget:
        return _open(clause, NOT_EXERCISED, ReasonCode.BUDGET)
    return _open(clause, NOT_EXERCISED, ReasonCode.DEPENDENCY)


def _count(findings: Iterable[Finding]) -> int:
    return len({item.exchange for item in findings})


def _ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.exchange for item in findings))[:_MOST_EVIDENCE]


_OPEN_WHERE_TOO_DEAR = (
    (INCONCLUSIVE, ReasonCode.UNDECIDED),
    (INCONCLUSIVE, ReasonCode.NOT_DISTINGUISHED),
    (NOT_EXERCISED, ReasonCode.DEPENDENCY),
    (NOT_EXERCISED, ReasonCode.BUDGET),
)


def _too_dear(verdict: Verdict, facts: RunFacts) -> Verdict:
    """Return a verdict with what left it open, if that is a balance or a limit which the budget cannot reach."""
    why = facts.too_dear.get(verdict.clause.id)
    is_open = (verdict.verdict, verdict.reason) in _OPEN_WHERE_TOO_DEAR and not verdict.explained_by
    if why is None or not is_open:
        return verdict
    return replace(verdict, reason=ReasonCode.NOT_DISTINGUISHED, detail=why)


def _beside_failures(verdict: Verdict, failed: Mapping[str, Verdict]) -> Verdict:
    """Return a verdict as it stands beside the failing ones, which may explain it."""
    if verdict.verdict == INCONCLUSIVE and verdict.reason == ReasonCode.SUSPECT:
        naming = tuple(name for name, other in failed.items() if verdict.clause.id in other.suspects)
        return replace(verdict, explained_by=naming)
    causes = tuple(name for name in verdict.clause.after if name in failed)
    if verdict.verdict != FAIL or not causes:
        return verdict
    return replace(
        verdict,
        verdict=INCONCLUSIVE,
        reason=ReasonCode.DEPENDENCY,
        detail=SENTENCES[ReasonCode.DEPENDENCY],
        violated=0,
        suspects=(),
        keyword=None,
        pointer=None,
        explained_by=causes,
    )


def shown(value: object, limit: int = 120) -> str:
    """Return a value as a person may read it, shortened to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
