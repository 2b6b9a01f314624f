"""The judge of one exchange: a pure function of contract, account facts and exchange."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sendproof.account import Account
from sendproof.contract.outcome import NOT_SERVED, Outcome
from sendproof.contract.provider import Provider
from sendproof.exchange import Exchange, Response
from sendproof.judge.accepted import accepted_findings, named_findings
from sendproof.judge.body import MISSING, answer_of, at, is_json_type, media_type
from sendproof.judge.findings import (
    ACCEPTED,
    CONTRADICTED,
    EXCUSED,
    NO_ANSWER,
    OBSERVED,
    OTHER,
    REFUSED,
    SERVER_ERROR,
    THROTTLED,
    UNDECIDED,
    UPHELD,
    Context,
    Finding,
    Judgement,
    shown,
)
from sendproof.judge.refused import has_code, is_documented, refused_findings, tells_of_the_account
from sendproof.judge.request_analysis import Reason, RequestAnalysis, read_request


def judge_exchange(context: Context, account: Account, exchange: Exchange) -> Judgement:
    """Judge one exchange by itself. Never raises for what a target answers."""
    analysis = read_request(context.contract, account, exchange.request, exchange.credential)
    if exchange.response is None:
        return Judgement(exchange=exchange, analysis=analysis, outcome=NO_ANSWER, answer=MISSING, findings=())
    answer = answer_of(exchange.response)
    outcome = _outcome(context, analysis, exchange.response, answer)
    analysis = _overdraft(context, analysis, outcome)
    analysis = _without_idle_reasons(analysis, outcome, answer)
    of_the_account = outcome == REFUSED and tells_of_the_account(context, analysis, answer)
    refused = outcome == REFUSED and analysis.is_operation and analysis.identity_known and not of_the_account
    not_sent = outcome == ACCEPTED and is_not_sent(context.contract.provider, exchange.response, analysis, answer)
    findings = (
        *_http_findings(context, exchange, exchange.response, analysis, answer),
        *(
            _undecided(exchange, analysis, "refused for what may be a cause of the account")
            if of_the_account
            else _outcome_findings(context, exchange, exchange.response, analysis, outcome, answer)
        ),
    )
    return Judgement(
        exchange=exchange,
        analysis=analysis,
        outcome=outcome,
        answer=answer,
        findings=findings,
        sole_reason=analysis.reasons[0].clause if (refused or not_sent) and len(analysis.reasons) == 1 else None,
        unexplained=refused and not analysis.reasons and not _is_of_a_series(context, analysis),
        of_the_account=of_the_account,
    )


def _is_of_a_series(context: Context, analysis: RequestAnalysis) -> bool:
    """Whether what came before may explain a refusal: a key used before, credits, a rate."""
    return context.replay or context.overdrawn is not None or analysis.key_state == "rate_limited"


def _outcome(context: Context, analysis: RequestAnalysis, response: Response, answer: Any) -> str:
    if response.status < 200:
        return OTHER
    outcome = context.contract.provider.outcome(response.status, answer, response.body)
    if not analysis.is_operation:
        # Whatever a client sends is served without failing; that a method is not known may be said by 501.
        return SERVER_ERROR if outcome is Outcome.SERVER_ERROR and response.status != 501 else OTHER
    if outcome is Outcome.THROTTLED and analysis.key_state == "daily_exhausted":
        # The limit of the day is put as that of a minute is, and may have its text: then it says which it is.
        told = is_documented(context, analysis, answer) or response.body not in context.throttling
        return REFUSED if told else THROTTLED
    if outcome is Outcome.FOREIGN:
        return SERVER_ERROR if response.status >= 500 else NO_ANSWER
    return ACCEPTED if outcome is Outcome.FAILED else outcome.value


def _overdraft(context: Context, analysis: RequestAnalysis, outcome: str) -> RequestAnalysis:
    """Give a message that its metered balance does not cover the reason that it has."""
    if not context.overdrawn or outcome != REFUSED:
        return analysis
    clauses = [clause for clause in context.contract.with_check("key_state") if clause.params["state"] == "no_credits"]
    reasons = [Reason(clause=clause.id, level=clause.level, fields=("@identity",)) for clause in clauses]
    return replace(analysis, reasons=(*analysis.reasons, *reasons))


def _without_idle_reasons(analysis: RequestAnalysis, outcome: str, answer: Any) -> RequestAnalysis:
    """Drop the reasons that explain a refusal only by a code which the answer does not bear."""
    if outcome != REFUSED or not any(reason.code for reason in analysis.reasons):
        return analysis
    kept = tuple(reason for reason in analysis.reasons if reason.code is None or has_code(answer, reason.code))
    return replace(analysis, reasons=kept)


def _http_findings(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    for clause in context.contract.with_check("answered"):
        yield Finding(clause=clause.id, exchange=exchange.id, kind=UPHELD)
    if response.status < 500:
        for clause in context.contract.with_check("no_server_error"):
            yield _finding(clause.id, exchange, UPHELD, "no 5xx", str(response.status))
    if isinstance(answer, dict | list):
        content_type = response.header("Content-Type")
        for clause in context.contract.with_check("json_media_type"):
            known = is_json_type(content_type) or (clause.params["lenient"] and media_type(content_type) in _NEAR_JSON)
            kind = UPHELD if known else CONTRADICTED
            yield _finding(clause.id, exchange, kind, "application/json or +json", shown(content_type))
        for clause in context.contract.with_check("json_without_mark"):
            kind = CONTRADICTED if response.body.startswith(codecs.BOM_UTF8) else UPHELD
            yield _finding(clause.id, exchange, kind, "JSON at once", "a byte order mark before it")
    if response.status == 401:
        for clause in context.contract.with_check("challenge"):
            kind = UPHELD if response.header("WWW-Authenticate") else CONTRADICTED
            yield _finding(clause.id, exchange, kind, "WWW-Authenticate", "none")
    if not analysis.is_operation and exchange.request.method != context.contract.provider.method:
        yield from _method_findings(context, exchange, response)


# Told by no standard, and yet what everybody reads as JSON: the older name, and none at all.
_NEAR_JSON = ("", "text/json")


def _documented_internal_error(context: Context, response: Response, analysis: RequestAnalysis) -> bool:
    """Whether the document has a 500 for this: it may befall a message without a fault."""
    documented = any(
        clause.params["status"] == response.status for clause in context.contract.with_check("internal_error")
    )
    return documented and analysis.is_operation and not analysis.hard


def _method_findings(context: Context, exchange: Exchange, response: Response) -> Iterator[Finding]:
    if response.status in NOT_SERVED or (response.status >= 500 and response.status != 501):
        return
    for clause in context.contract.with_check("method_status"):
        expected = clause.params["status"]
        kind = UPHELD if response.status == expected else CONTRADICTED
        yield _finding(clause.id, exchange, kind, str(expected), str(response.status))
    for clause in context.contract.with_check("method_allow"):
        if response.status == clause.params["status"]:
            kind = UPHELD if response.header("Allow") else CONTRADICTED
            yield _finding(clause.id, exchange, kind, "Allow", "none")


def _outcome_findings(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, outcome: str, answer: Any
) -> Iterator[Finding]:
    if outcome == ACCEPTED:
        yield from _accepted(context, exchange, response, analysis, answer)
    elif outcome == REFUSED:
        yield from _refused(context, exchange, response, analysis, answer)
    elif outcome == SERVER_ERROR and _documented_internal_error(context, response, analysis):
        yield from _internal_error(context, exchange, answer)
    elif outcome in (THROTTLED, SERVER_ERROR):
        yield from _undecided(exchange, analysis, f"answered {response.status}")
    if outcome == THROTTLED:
        yield from _throttled(context, exchange, response, answer)


def _accepted(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    if analysis.hard and not context.overdrawn:
        if isinstance(answer, dict):
            yield from _accepted_against(context, exchange, response, analysis, answer)
        else:
            yield from _undecided(exchange, analysis, f"answered {response.status} with no JSON object")
        return
    for reason in analysis.reasons:
        yield Finding(clause=reason.clause, exchange=exchange.id, kind=OBSERVED, value="accepted")
    yield from accepted_findings(context, exchange, response, analysis, answer)
    for clause in analysis.features:
        if context.contract.clauses[clause].check == "accepted":
            yield Finding(clause=clause, exchange=exchange.id, kind=UPHELD)


def _accepted_against(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    provider = context.contract.provider
    failed = provider.outcome(response.status, answer, response.body) is Outcome.FAILED
    delivery = context.contract.with_check("fault_not_delivery")
    if is_not_sent(provider, response, analysis, answer):
        yield from (Finding(clause=clause.id, exchange=exchange.id, kind=UPHELD) for clause in delivery)
        return
    if failed and delivery and any(reason.level == "required" for reason in analysis.hard):
        told = f"{response.status}, failed, {shown(at(answer, provider.answer['error_type']))}"
        for clause in delivery:
            yield _finding(clause.id, exchange, CONTRADICTED, "a refusal, or the documented error type", told)
        yield from _undecided(exchange, analysis, "answered as a failed message")
        return
    for reason in analysis.hard:
        yield _finding(reason.clause, exchange, CONTRADICTED, "a refusal", f"accepted with {response.status}")
    yield from named_findings(context, exchange, analysis, answer)


def is_not_sent(provider: Provider, response: Response, analysis: RequestAnalysis, answer: Any) -> bool:
    """Whether a message was accepted, and failed at once for the fault of form that it has.

    What the form of each field makes of a message is documented as an error type of its own (`not_sent`).
    """
    if provider.outcome(response.status, answer, response.body) is not Outcome.FAILED:
        return False
    told = at(answer, provider.answer["error_type"]) if "error_type" in provider.answer else MISSING
    fields = {field for reason in analysis.hard if reason.by_form for field in reason.fields}
    return any(told == kind and provider.fields.get(role) in fields for role, kind in provider.not_sent.items())


def _refused(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    if not analysis.reasons:
        return
    for clause in context.contract.with_check("fault_not_delivery"):
        if analysis.hard:
            yield Finding(clause=clause.id, exchange=exchange.id, kind=UPHELD)
    for reason in analysis.reasons:
        if reason.level == "open" and len(analysis.reasons) == 1:
            yield Finding(clause=reason.clause, exchange=exchange.id, kind=OBSERVED, value="refused")
        if reason.code is not None:
            yield from (
                Finding(clause=clause, exchange=exchange.id, kind=EXCUSED, observed=_REFUSED_AS_PERMITTED)
                for clause in analysis.features
            )
    if analysis.identity_known:
        yield from refused_findings(context, exchange, response, analysis, answer)


_REFUSED_AS_PERMITTED = "every request that would show it was refused for what the document permits"


def _internal_error(context: Context, exchange: Exchange, answer: Any) -> Iterator[Finding]:
    pointer = context.contract.provider.refusal_text or ""
    enveloped = not context.contract.refusal.breaches(None if answer is MISSING else answer)
    for clause in context.contract.with_check("internal_error"):
        text, details = at(answer, pointer), at(answer, clause.params["details"])
        holds = enveloped and text == clause.params["text"] and details is not MISSING
        expected = f"{pointer} {shown(clause.params['text'])} with details"
        yield _finding(clause.id, exchange, UPHELD if holds else CONTRADICTED, expected, shown(answer))


def _throttled(context: Context, exchange: Exchange, response: Response, answer: Any) -> Iterator[Finding]:
    for clause in context.contract.with_check("throttled_envelope"):
        breaches = context.contract.refusal.breaches(None if answer is MISSING else answer)
        kind = CONTRADICTED if breaches else UPHELD
        observed = breaches[0].observed if breaches else ""
        yield _finding(clause.id, exchange, kind, "the envelope of a refusal", observed)
    names = ", ".join(sorted(name.lower() for name, _ in response.headers if "ratelimit" in name.lower())) or "none"
    seen = {"retry_after": "present" if response.header("Retry-After") else "absent", "fields": names}
    for clause in context.contract.with_check("observe_throttled"):
        yield Finding(clause=clause.id, exchange=exchange.id, kind=OBSERVED, value=seen[clause.params["what"]])


def _undecided(exchange: Exchange, analysis: RequestAnalysis, why: str) -> Iterator[Finding]:
    for clause in (*(reason.clause for reason in analysis.reasons), *analysis.features):
        yield Finding(clause=clause, exchange=exchange.id, kind=UNDECIDED, observed=why)


def _finding(clause: str, exchange: Exchange, kind: str, expected: str, observed: str) -> Finding:
    return Finding(clause=clause, exchange=exchange.id, kind=kind, expected=expected, observed=observed)
