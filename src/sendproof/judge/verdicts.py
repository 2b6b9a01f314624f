"""Verdicts: one for each clause of the contract, from all findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract
from sendproof.judge.findings import CONTRADICTED, EXCUSED, LOST, OBSERVED, UNDECIDED, UPHELD, Finding
from sendproof.judge.history import Judged
from sendproof.judge.reasons import PRECEDENCE, SENTENCES, ReasonCode

PASS, FAIL, OBSERVATION, INCONCLUSIVE, NOT_EXERCISED, NOT_APPLICABLE, ERROR = (
    "pass",
    "fail",
    "observed",
    "inconclusive",
    "not_exercised",
    "not_applicable",
    "error",
)
VERDICTS = (PASS, FAIL, OBSERVATION, INCONCLUSIVE, NOT_EXERCISED, NOT_APPLICABLE, ERROR)
_MOST_EVIDENCE = 5
# So many different details of one verdict can still be read in one line.
_MOST_DETAILS = 3


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
    verdict: str
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
    profile's balance or limit is too large to be reached within it, each with a sentence. `stopped` tells why the
    asking was broken off: the network or the suite failed.
    """

    no_fixture: frozenset[str] = frozenset()
    selected: frozenset[str] | None = None
    for_budget: frozenset[str] = frozenset()
    too_dear: Mapping[str, str] = field(default_factory=dict)
    stopped: str | None = None
    planned: frozenset[str] = frozenset()


def verdicts(contract: Contract, judged: Judged, circumstances: RunFacts) -> tuple[Verdict, ...]:
    """Return one verdict for each clause, in the order of the catalogue."""
    chosen = circumstances.selected
    contradicted = {
        item.clause
        for item in judged.findings
        if item.kind == CONTRADICTED and not item.unless and (chosen is None or item.clause in chosen)
    }
    found: dict[str, list[Finding]] = {}
    for finding in judged.findings:
        explained = contradicted.intersection(finding.unless)
        found.setdefault(finding.clause, []).append(_explained(finding, min(explained)) if explained else finding)
    sizes = {item.exchange.id: len(item.exchange.request.body) for item in judged.judgements}
    judged_alone = tuple(
        _as_afforded(_verdict(contract, clause, found.get(clause.id, []), circumstances, sizes), circumstances)
        for clause in contract.clauses.values()
    )
    failed = {item.clause.id: item for item in judged_alone if item.verdict == FAIL}
    return tuple(_in_company(item, failed) for item in judged_alone)


def _explained(finding: Finding, by: str) -> Finding:
    """Return what is left of a contradiction that another one explains."""
    return replace(finding, kind=UNDECIDED, observed=f"explained by {by}", reason=ReasonCode.DEPENDENCY, unless=(by,))


def _unasked_for(clause: Clause, reason: ReasonCode) -> Verdict:
    return Verdict(clause=clause, verdict=NOT_EXERCISED, reason=reason, detail=SENTENCES[reason])


def _as_afforded(verdict: Verdict, circumstances: RunFacts) -> Verdict:
    """Return a verdict with what left it open, if that is a balance or a limit which the budget cannot reach."""
    why = circumstances.too_dear.get(verdict.clause.id)
    is_open = (verdict.verdict, verdict.reason) in _OPEN_WHERE_TOO_DEAR and not verdict.explained_by
    if why is None or not is_open:
        return verdict
    return replace(verdict, reason=ReasonCode.NOT_DISTINGUISHED, detail=why)


_OPEN_WHERE_TOO_DEAR = (
    (INCONCLUSIVE, ReasonCode.UNDECIDED),
    (INCONCLUSIVE, ReasonCode.NOT_DISTINGUISHED),
    (NOT_EXERCISED, ReasonCode.DEPENDENCY),
    (NOT_EXERCISED, ReasonCode.BUDGET),
)


def _in_company(verdict: Verdict, failed: Mapping[str, Verdict]) -> Verdict:
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


def _verdict(
    contract: Contract, clause: Clause, findings: list[Finding], circumstances: RunFacts, sizes: Mapping[str, int]
) -> Verdict:
    if clause.level == "excluded":
        return Verdict(clause=clause, verdict=NOT_APPLICABLE, detail=clause.reason)
    if circumstances.selected is not None and clause.id not in circumstances.selected:
        return Verdict(
            clause=clause, verdict=NOT_EXERCISED, reason=ReasonCode.FILTERED, detail=SENTENCES[ReasonCode.FILTERED]
        )
    by_kind = {kind: [item for item in findings if item.kind == kind] for kind in _KINDS}
    if by_kind[CONTRADICTED]:
        return _failed(clause, by_kind, sizes)
    if by_kind[LOST]:
        return _inconclusive(clause, by_kind[LOST])
    if by_kind[UPHELD] or by_kind[OBSERVED]:
        return _kept(clause, by_kind)
    if by_kind[EXCUSED] and not by_kind[UNDECIDED] and clause.id not in circumstances.no_fixture:
        return Verdict(
            clause=clause,
            verdict=NOT_APPLICABLE,
            reason=ReasonCode.VOID,
            detail=by_kind[EXCUSED][0].observed or SENTENCES[ReasonCode.VOID],
            evidence=_ids(by_kind[EXCUSED]),
        )
    if by_kind[UNDECIDED] and clause.id not in circumstances.no_fixture:
        return _inconclusive(clause, by_kind[UNDECIDED])
    return _unasked(clause, circumstances)


_KINDS = (CONTRADICTED, UPHELD, OBSERVED, UNDECIDED, EXCUSED, LOST)


def _failed(clause: Clause, by_kind: Mapping[str, list[Finding]], sizes: Mapping[str, int]) -> Verdict:
    against = sorted(by_kind[CONTRADICTED], key=lambda item: sizes.get(item.exchange, 0))
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


def _kept(clause: Clause, by_kind: Mapping[str, list[Finding]]) -> Verdict:
    findings = by_kind[UPHELD] or by_kind[OBSERVED]
    values = sorted({item.value for item in by_kind[OBSERVED] if item.value is not None})
    is_open = clause.level == "open"
    return Verdict(
        clause=clause,
        verdict=OBSERVATION if is_open else PASS,
        exercised=_count(findings),
        observation="; ".join(values) if is_open else None,
        evidence=_ids(_one_of_each_value(findings)),
    )


def _one_of_each_value(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    first: dict[str | None, Finding] = {}
    for finding in findings:
        first.setdefault(finding.value, finding)
    return tuple(first.values())


def _inconclusive(clause: Clause, undecided: list[Finding]) -> Verdict:
    reason = min((item.reason or ReasonCode.UNDECIDED for item in undecided), key=PRECEDENCE.index)
    of_it = [item for item in undecided if (item.reason or ReasonCode.UNDECIDED) == reason]
    details = tuple(dict.fromkeys(item.observed for item in of_it if item.observed))
    return Verdict(
        clause=clause,
        verdict=INCONCLUSIVE,
        reason=reason,
        detail="; ".join(details[:_MOST_DETAILS]) or SENTENCES[reason],
        exercised=_count(undecided),
        evidence=_ids(undecided),
        explained_by=_explaining(of_it) if reason == ReasonCode.DEPENDENCY else (),
    )


def _explaining(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the clauses by which contradictions are explained; none where one of the findings is not."""
    named = [item.unless for item in findings]
    return tuple(dict.fromkeys(name for names in named for name in names)) if all(named) else ()


def _unasked(clause: Clause, circumstances: RunFacts) -> Verdict:
    if clause.check == "internal_error":
        return Verdict(
            clause=clause,
            verdict=NOT_APPLICABLE,
            reason=ReasonCode.VOID,
            detail="no internal error was seen, and none can be asked for",
        )
    if clause.id in circumstances.no_fixture:
        reason = ReasonCode.NO_FIXTURE
    elif circumstances.stopped is not None:
        return Verdict(clause=clause, verdict=ERROR, detail=circumstances.stopped)
    elif clause.id not in circumstances.planned:
        reason = ReasonCode.NO_TEST
    elif clause.id in circumstances.for_budget:
        reason = ReasonCode.BUDGET
    else:
        reason = ReasonCode.DEPENDENCY
    return _unasked_for(clause, reason)


def _count(findings: Iterable[Finding]) -> int:
    return len({item.exchange for item in findings})


def _ids(findings: Collection[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.exchange for item in findings))[:_MOST_EVIDENCE]
