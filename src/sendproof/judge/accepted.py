"""Checks of an accepted message: its answer against the schema and against its request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.contract.schema import Breach, ClauseSchema
from sendproof.exchange import Exchange, Response
from sendproof.judge.body import MISSING, at
from sendproof.judge.dates import http_date
from sendproof.judge.findings import CONTRADICTED, EXCUSED, OBSERVED, UPHELD, Context, Finding, shown
from sendproof.judge.numbers import is_e164_of, spelling_of
from sendproof.judge.request_analysis import RequestAnalysis
from sendproof.judge.text_difference import difference, is_same_text

_NOTHING_ELSE: Mapping[str, tuple[str, ...]] = MappingProxyType({})
Verdict = tuple[bool, str, str]
"""Whether a relation holds, what was expected, what was seen."""


def accepted_findings(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    """Judge the answer to a message that was accepted and had no reason not to be."""
    yield from _status(context, exchange, response, analysis, answer)
    doubtful = _of_doubtful(context, analysis)
    breaches = tuple(
        breach
        for breach in context.contract.accepted.breaches(None if answer is MISSING else answer)
        if breach.pointer not in doubtful
    )
    spelled = _explained_by_spelling(context, analysis, answer) if breaches else {}
    failing = context.recipients.get(analysis.recipient or "", "deliverable") != "deliverable"
    delivery = _of_delivery(context) if failing else ()
    explained = {**{breach.pointer: delivery for breach in breaches}, **spelled}
    yield from schema_findings(
        context.contract.accepted, context.contract.clauses, exchange, answer, breaches, unless=explained
    )
    if not isinstance(answer, dict):
        return
    yield from _idle(context, exchange, answer, failing=failing)
    broken = frozenset(breach.pointer for breach in breaches if breach.pointer not in spelled)
    for name, rule in _RELATIONS.items():
        for clause in context.contract.with_check(name):
            yield from _relation(context, exchange, analysis, answer, clause, rule, broken)
    for clause in context.contract.with_check("observe_accepted"):
        value = _OBSERVE[clause.params["what"]](context, response, answer)
        yield Finding(clause=clause.id, exchange=exchange.id, kind=OBSERVED, value=value)


def _of_doubtful(context: Context, analysis: RequestAnalysis) -> frozenset[str]:
    """Return where an answer is about what the documents leave open: it proves nothing of a promise there."""
    roles = (role for role in context.contract.provider.answer if role in analysis.provider_fields)
    return frozenset(context.contract.provider.answer[role] for role in roles if analysis.taints(role))


def _idle(context: Context, exchange: Exchange, answer: dict[str, Any], *, failing: bool) -> Iterator[Finding]:
    """Excuse the clauses of the schema that this answer, as the documents permit it, leaves nothing to look at."""
    exercised = frozenset(context.contract.accepted.exercised(answer))
    for clause in context.contract.accepted.clauses():
        if clause not in exercised and failing is _is_of_delivery(context.contract.clauses[clause]):
            yield _void(clause, exchange)


def _is_of_delivery(clause: Clause) -> bool:
    """Whether a clause speaks of messages that cannot be delivered, which others do not show."""
    return clause.concern == "delivery"


def _void(clause: str, exchange: Exchange) -> Finding:
    return Finding(clause=clause, exchange=exchange.id, kind=EXCUSED, observed="no answer had what it looks at")


def _of_delivery(context: Context) -> tuple[str, ...]:
    """Return the clauses by which a message that cannot be delivered is answered otherwise than a sent one."""
    return tuple(clause.id for clause in context.contract.with_check("delivery_failed"))


def _explained_by_spelling(context: Context, analysis: RequestAnalysis, answer: Any) -> Mapping[str, tuple[str, ...]]:
    """Return, for each number that was not sent in E.164, by its pointer, what tells better of it."""
    found: dict[str, tuple[str, ...]] = {}
    for clause in context.contract.with_check("normalized"):
        role = clause.params["role"]
        pointer, sent = context.contract.provider.answer[role], analysis.value(role)
        spelled = isinstance(sent, str) and spelling_of(sent) != "e164" and not analysis.taints(role)
        if spelled and clause.params["spelling"] != "e164" and isinstance(at(answer, pointer), str):
            found[pointer] = (*found.get(pointer, ()), clause.id)
    return found


def _status(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    outcome = context.contract.provider.outcome(response.status, answer, response.body)
    keyed = analysis.value("idempotency") is not MISSING
    for clause in context.contract.with_check("accepted_status"):
        if context.replay or (keyed and not analysis.identity_known):
            continue
        if clause.params.get("of", outcome) != outcome:
            failing = context.recipients.get(analysis.recipient or "", "deliverable") != "deliverable"
            yield from [_void(clause.id, exchange)] if failing is _is_of_delivery(clause) else []
            continue
        expected = clause.params["status"]
        yield _finding(clause.id, exchange, (response.status == expected, str(expected), str(response.status)))


def schema_findings(
    schema: ClauseSchema,
    clauses: Mapping[str, Clause],
    exchange: Exchange,
    answer: Any,
    breaches: tuple[Breach, ...],
    *,
    unless: Mapping[str, tuple[str, ...]] = _NOTHING_ELSE,
) -> Iterator[Finding]:
    """Turn what an answer breaks of a schema, and what it keeps, into findings.

    `unless` are the clauses that explain a breach at a pointer better.
    """
    broken: set[str] = set()
    for breach in breaches:
        if breach.clause in broken:
            continue
        broken.add(breach.clause)
        is_json = answer is not MISSING
        yield Finding(
            clause=breach.clause,
            exchange=exchange.id,
            kind=CONTRADICTED,
            expected=breach.expected if is_json else clauses[breach.clause].claim,
            observed=breach.observed if is_json else "no JSON",
            keyword=breach.keyword if is_json else None,
            pointer=breach.pointer if is_json else None,
            unless=unless.get(breach.pointer, ()),
        )
    if isinstance(answer, dict):
        for clause in schema.exercised(answer):
            if clause not in broken:
                yield Finding(clause=clause, exchange=exchange.id, kind=UPHELD)


def _relation(
    context: Context,
    exchange: Exchange,
    analysis: RequestAnalysis,
    answer: Any,
    clause: Clause,
    rule: Callable[[Context, RequestAnalysis, Any, Mapping[str, Any]], Verdict | None],
    broken: frozenset[str],
) -> Iterator[Finding]:
    if (result := rule(context, analysis, answer, clause.params)) is None:
        if _is_void(context, analysis, answer, clause):
            yield _void(clause.id, exchange)
        return
    role = clause.params.get("role", _ROLES.get(clause.check or ""))
    if role is None or not (analysis.taints(role) or _is_broken(context.contract.provider.answer[role], broken)):
        yield _finding(clause.id, exchange, result)


def _is_void(context: Context, analysis: RequestAnalysis, answer: Any, clause: Clause) -> bool:
    """Whether a relation could not be looked at for a choice that the documents permit."""
    failing = context.recipients.get(analysis.recipient or "", "deliverable") != "deliverable"
    if clause.check == "delivery_cause":
        return failing and context.recipients.get(analysis.recipient or "") == clause.params["cause"]
    return clause.check in _VOIDABLE and failing is _is_of_delivery(clause)


_VOIDABLE = ("not_before", "date_of_answer", "says_more", "delivery_failed")
# The part of the answer that a relation without a role of its own is about.
_ROLES = {"default_sender": "sender", "delivery_failed": "status", "delivery_cause": "error_type"}


def _is_broken(pointer: str, broken: frozenset[str]) -> bool:
    """Whether the schema already speaks against what stands at `pointer`, or against what holds it."""
    return any(pointer == other or pointer.startswith(f"{other}/") or other == "" for other in broken)


def _finding(clause: str, exchange: Exchange, result: Verdict) -> Finding:
    holds, expected, observed = result
    kind = UPHELD if holds else CONTRADICTED
    return Finding(clause=clause, exchange=exchange.id, kind=kind, expected=expected, observed=observed)


def _echo(context: Context, analysis: RequestAnalysis, answer: Any, params: Mapping[str, Any]) -> Verdict | None:
    sent = analysis.value(params["role"])
    pointer = context.contract.provider.answer[params["role"]]
    got = at(answer, pointer)
    if sent is MISSING and params.get("form") == "text":
        return got in (MISSING, None, ""), f"no {pointer}", f"{pointer} {shown(got)}"
    if not isinstance(sent, str):
        return None
    expected, observed = f"{pointer} {shown(sent)}", f"{pointer} {shown(got)}"
    if got == sent:
        return True, expected, observed
    same = isinstance(got, str) and is_same_text(sent, got)
    if params.get("form") == "exact" and not same:
        # What is another text altogether is another clause's.
        return None
    if isinstance(got, str) and params.get("form") != "number":
        observed = f"{observed}: {difference(sent, got)}"
    return same and params.get("form") == "text", expected, observed


def named_findings(context: Context, exchange: Exchange, analysis: RequestAnalysis, answer: Any) -> Iterator[Finding]:
    """Judge how an answer names a number that was accepted in another spelling: as it was sent, or in E.164."""
    for clause in context.contract.with_check("echo"):
        sent = analysis.value(clause.params["role"])
        if (
            clause.params["role"] not in _NUMBERS
            or not isinstance(sent, str)
            or not analysis.taints(clause.params["role"])
        ):
            continue
        if any(reason.level == "required" for reason in analysis.hard):
            continue
        pointer = context.contract.provider.answer[clause.params["role"]]
        got = at(answer, pointer)
        holds = got == sent or (isinstance(got, str) and is_e164_of(got, sent))
        yield _finding(clause.id, exchange, (holds, f"{pointer} {shown(sent)} or in E.164", f"{pointer} {shown(got)}"))


_NUMBERS = ("recipient", "sender")


def _normalized(context: Context, analysis: RequestAnalysis, answer: Any, params: Mapping[str, Any]) -> Verdict | None:
    sent = analysis.value(params["role"])
    if not isinstance(sent, str) or spelling_of(sent) != params["spelling"]:
        return None
    expected = analysis.recipient if params["role"] == "recipient" else analysis.sender
    pointer = context.contract.provider.answer[params["role"]]
    got = at(answer, pointer)
    return got == expected, f"{pointer} {shown(expected)} for {shown(sent)}", f"{pointer} {shown(got)}"


def _default_sender(
    context: Context, analysis: RequestAnalysis, answer: Any, params: Mapping[str, Any]
) -> Verdict | None:
    default = context.account_default_sender
    if default is None or analysis.value("sender") is not MISSING or analysis.key_state != "active":
        return None
    pointer = context.contract.provider.answer["sender"]
    got = at(answer, pointer)
    return got == default, f"{pointer} {shown(default)}", f"{pointer} {shown(got)}"


def _delivery_failed(
    context: Context, analysis: RequestAnalysis, answer: Any, params: Mapping[str, Any]
) -> Verdict | None:
    if context.recipients.get(analysis.recipient or "", "deliverable") == "deliverable":
        return None
    pointer = context.contract.provider.answer["status"]
    got, failed = at(answer, pointer), context.contract.provider.failed_status
    if got in params["at_first"]:
        return None
    return got == failed, f"{pointer} {shown(failed)}", f"{pointer} {shown(got)}"


def _delivery_cause(
    context: Context, analysis: RequestAnalysis, answer: Any, params: Mapping[str, Any]
) -> Verdict | None:
    provider = context.contract.provider
    if context.recipients.get(analysis.recipient or "") != params["cause"]:
        return None
    got = at(answer, provider.answer["error_type"])
    if (
        at(answer, provider.answer["status"]) != provider.failed_status
        or got not in provider.fixtures["failing_recipients"].causes
    ):
        return None
    return got == params["cause"], shown(params["cause"]), shown(got)


def _says_more(context: Context, analysis: RequestAnalysis, answer: Any, params: Mapping[str, Any]) -> Verdict | None:
    text, than = at(answer, params["field"]), at(answer, params["than"])
    if not isinstance(text, str) or not isinstance(than, str):
        return None
    return _folded(text) != _folded(than), f"{params['field']} for people", f"{params['field']} {shown(text)}"


def _folded(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _not_before(context: Context, analysis: RequestAnalysis, answer: Any, params: Mapping[str, Any]) -> Verdict | None:
    earlier, later = _moment(at(answer, params["earlier"])), _moment(at(answer, params["later"]))
    if earlier is None or later is None or (earlier.tzinfo is None) != (later.tzinfo is None):
        return None
    return later >= earlier, f"not before {earlier.isoformat()}", later.isoformat()


def _date_of_answer(
    context: Context, analysis: RequestAnalysis, answer: Any, params: Mapping[str, Any]
) -> Verdict | None:
    """Compare a time with the answer's own `Date`, which the same clock should have given.

    Or a proxy's, which may be wrong: what is right by the clock of the run is right as well.
    """
    told, date = _moment(at(answer, params["field"])), http_date(context.date)
    if told is None or told.tzinfo is None or date is None or context.replay:
        return None
    apart_s = min(abs(told.timestamp() - moment_s) for moment_s in (date.timestamp(), context.received_s))
    limit_s = float(params["within_s"])
    return apart_s <= limit_s, f"within {limit_s:g} s of the answer's Date, {date.isoformat()}", told.isoformat()


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


_RELATIONS: Mapping[str, Callable[[Context, RequestAnalysis, Any, Mapping[str, Any]], Verdict | None]] = {
    "echo": _echo,
    "normalized": _normalized,
    "default_sender": _default_sender,
    "delivery_failed": _delivery_failed,
    "delivery_cause": _delivery_cause,
    "says_more": _says_more,
    "not_before": _not_before,
    "date_of_answer": _date_of_answer,
}


def _id_form(context: Context, response: Response, answer: Any) -> str:
    got = at(answer, context.contract.provider.answer["id"])
    if not isinstance(got, str):
        return type(got).__name__
    prefix = re.match(r"[A-Za-z]+_", got)
    rest = got[prefix.end() :] if prefix else got
    classes = [name for name, pattern in _CHARACTER_CLASSES if re.search(pattern, rest)]
    return f"{prefix.group() if prefix else ''}<{', '.join(classes)}>"


_CHARACTER_CLASSES = (("letters", r"[A-Za-z]"), ("digits", r"[0-9]"), ("signs", r"[^A-Za-z0-9]"))

_OBSERVE: Mapping[str, Callable[[Context, Response, Any], str]] = {
    "status": lambda context, response, answer: str(response.status),
    "message_status": lambda context, response, answer: str(at(answer, context.contract.provider.answer["status"]))[
        :40
    ],
    "id_form": _id_form,
}
