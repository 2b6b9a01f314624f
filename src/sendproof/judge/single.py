"""The judge of one exchange: a pure function of contract, account facts and exchange."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sendproof.contract.outcome import NOT_SERVED, Outcome
from sendproof.contract.pointer import MISSING, at
from sendproof.exchange import Exchange, Response
from sendproof.judge.accepted import accepted_findings, named_findings
from sendproof.judge.answered_exchange import Answered, Context
from sendproof.judge.parsing import answer_of, is_json_type, media_type
from sendproof.judge.refused import has_code, is_documented, refused_findings, speaks_of_the_account
from sendproof.judge.request_analysis import IDENTITY, Reason, RequestAnalysis, read_request
from sendproof.judge.verdicts import (
    ACCEPTED,
    CONTRADICTED,
    EXCUSED,
    NO_ANSWER,
    OTHER,
    REFUSED,
    SERVER_ERROR,
    THROTTLED,
    UNDECIDED,
    UPHELD,
    ExchangeOutcome,
    Finding,
    Judgement,
    shown,
)


def judge_exchange(context: Context, exchange: Exchange) -> Judgement:
    """Judge one exchange by itself. Never raises for what a target answers."""
    analysis = read_request(context.contract, context.account, exchange.request, exchange.credential)
    response = exchange.response
    if response is None:
        return Judgement(exchange=exchange, analysis=analysis, outcome=NO_ANSWER, answer=MISSING, findings=())
    value = answer_of(response)
    outcome = _outcome(context, analysis, response, value)
    if outcome == REFUSED:
        analysis = _with_reasons_of_refusal(context, analysis, value)
    answered = Answered(context=context, exchange=exchange, response=response, analysis=analysis, value=value)
    of_the_account = outcome == REFUSED and speaks_of_the_account(answered)
    refused = outcome == REFUSED and analysis.is_operation and analysis.identity_known and not of_the_account
    not_sent = outcome == ACCEPTED and is_not_sent(answered)
    findings = (
        *_http_findings(answered),
        *(
            _undecided(answered, "refused for what may be a cause of the account")
            if of_the_account
            else _outcome_findings(answered, outcome)
        ),
    )
    # What came before may explain a refusal too: a key used before, credits, a rate.
    of_a_series = context.replay or context.overdrawn is not None or analysis.key_state == "rate_limited"
    return Judgement(
        exchange=exchange,
        analysis=analysis,
        outcome=outcome,
        answer=value,
        findings=findings,
        sole_reason=analysis.reasons[0].clause if (refused or not_sent) and len(analysis.reasons) == 1 else None,
        unexplained=refused and not analysis.reasons and not of_a_series,
        of_the_account=of_the_account,
    )


def _outcome(context: Context, analysis: RequestAnalysis, response: Response, value: Any) -> ExchangeOutcome:
    if response.status < 200:
        return OTHER
    outcome = context.contract.provider.outcome(response.status, value, response.body)
    if not analysis.is_operation:
        # Whatever a client sends is served without failing; that a method is not known may be said by 501.
        return SERVER_ERROR if outcome is Outcome.SERVER_ERROR and response.status != 501 else OTHER
    if outcome is Outcome.THROTTLED and analysis.key_state == "daily_exhausted":
        # The limit of a day may be answered as that of a minute is, and in its words: then it is unknown which it is.
        names_it = is_documented(context.contract, analysis, value) or response.body not in context.throttling
        return REFUSED if names_it else THROTTLED
    if outcome is Outcome.FOREIGN:
        return SERVER_ERROR if response.status >= 500 else NO_ANSWER
    return ACCEPTED if outcome is Outcome.FAILED else ExchangeOutcome(outcome.value)


def _with_reasons_of_refusal(context: Context, analysis: RequestAnalysis, value: Any) -> RequestAnalysis:
    """Return the analysis with the reasons that only a refusal shows to be there, or not to be.

    A message that its metered balance does not cover gets that reason. One that explains a refusal only by a code is
    dropped where the answer does not bear that code.
    """
    reasons = list(analysis.reasons)
    if context.overdrawn:
        reasons += [
            Reason(clause=clause.id, level=clause.level, fields=(IDENTITY,))
            for clause in context.contract.with_check("key_state")
            if clause.params["state"] == "no_credits"
        ]
    provider = context.contract.provider
    kept = tuple(reason for reason in reasons if reason.code is None or has_code(provider, value, reason.code))
    return analysis if kept == analysis.reasons else replace(analysis, reasons=kept)


def _http_findings(answered: Answered) -> Iterator[Finding]:
    """Judge what HTTP and JSON ask of any answer."""
    contract, response = answered.contract, answered.response
    for clause in contract.with_check("answered"):
        yield answered.finding(UPHELD, clause.id)
    if response.status < 500:
        for clause in contract.with_check("no_server_error"):
            yield answered.finding(UPHELD, clause.id)
    if isinstance(answered.value, dict | list):
        content_type = response.header("Content-Type")
        for clause in contract.with_check("json_media_type"):
            holds = is_json_type(content_type) or (clause.params["lenient"] and media_type(content_type) in _NEAR_JSON)
            expected = "application/json or +json"
            yield answered.checked(clause.id, holds=holds, expected=expected, observed=shown(content_type))
        for clause in contract.with_check("json_without_mark"):
            holds = not response.body.startswith(codecs.BOM_UTF8)
            yield answered.checked(
                clause.id, holds=holds, expected="JSON at once", observed="a byte order mark before it"
            )
    if response.status == 401:
        for clause in contract.with_check("challenge"):
            yield _with_field(answered, clause.id, "WWW-Authenticate")
    if not answered.analysis.is_operation and answered.exchange.request.method != contract.provider.method:
        yield from _method_findings(answered)


# In no standard, and yet widely read as JSON: the older name, and none at all.
_NEAR_JSON = ("", "text/json")


def _with_field(answered: Answered, clause: str, name: str) -> Finding:
    return answered.checked(clause, holds=bool(answered.response.header(name)), expected=name, observed="none")


def _method_findings(answered: Answered) -> Iterator[Finding]:
    status = answered.response.status
    if status in NOT_SERVED or (status >= 500 and status != 501):
        return
    for clause in answered.contract.with_check("method_status"):
        expected = clause.params["status"]
        yield answered.checked(clause.id, holds=status == expected, expected=str(expected), observed=str(status))
    for clause in answered.contract.with_check("method_allow"):
        if status == clause.params["status"]:
            yield _with_field(answered, clause.id, "Allow")


def _outcome_findings(answered: Answered, outcome: ExchangeOutcome) -> Iterator[Finding]:
    if outcome == ACCEPTED:
        yield from _accepted(answered)
    elif outcome == REFUSED:
        yield from _refused(answered)
    elif outcome == SERVER_ERROR and _is_documented_error(answered):
        yield from _internal_error(answered)
    elif outcome in (THROTTLED, SERVER_ERROR):
        yield from _undecided(answered, f"answered {answered.response.status}")
    if outcome == THROTTLED:
        yield from _throttled(answered)


def _accepted(answered: Answered) -> Iterator[Finding]:
    analysis = answered.analysis
    if analysis.hard and not answered.context.overdrawn:
        if isinstance(answered.value, dict):
            yield from _accepted_against(answered)
        else:
            yield from _undecided(answered, f"answered {answered.response.status} with no JSON object")
        return
    for reason in analysis.reasons:
        yield answered.observation(reason.clause, "accepted")
    yield from accepted_findings(answered)
    for clause in analysis.features:
        if answered.contract.clauses[clause].check == "accepted":
            yield answered.finding(UPHELD, clause)


def _accepted_against(answered: Answered) -> Iterator[Finding]:
    """Judge the acceptance of a message that the documents have refused."""
    hard, status = answered.analysis.hard, answered.response.status
    delivery = answered.contract.with_check("fault_not_delivery")
    if is_not_sent(answered):
        yield from (answered.finding(UPHELD, clause.id) for clause in delivery)
        return
    is_required = any(reason.level == "required" for reason in hard)
    if answered.outcome is Outcome.FAILED and delivery and is_required:
        expected = "a refusal, or the documented error type"
        observed = f"{status}, failed, {shown(answered.at_role('error_type'))}"
        for clause in delivery:
            yield answered.finding(CONTRADICTED, clause.id, expected=expected, observed=observed)
        yield from _undecided(answered, "answered as a failed message")
        return
    for reason in hard:
        yield answered.finding(CONTRADICTED, reason.clause, expected="a refusal", observed=f"accepted with {status}")
    yield from named_findings(answered)


def is_not_sent(answered: Answered) -> bool:
    """Whether a message was accepted, and failed at once for the fault of form that it has.

    What the form of each field makes of a message is documented as an error type of its own (`not_sent`).
    """
    provider = answered.provider
    if not provider.not_sent or answered.outcome is not Outcome.FAILED:
        return False
    error_type = answered.at_role("error_type") if "error_type" in provider.answer else MISSING
    fields = {field for reason in answered.analysis.hard if reason.by_form for field in reason.fields}
    return any(error_type == kind and provider.fields.get(role) in fields for role, kind in provider.not_sent.items())


def _refused(answered: Answered) -> Iterator[Finding]:
    analysis = answered.analysis
    if not analysis.reasons:
        return
    if analysis.hard:
        for clause in answered.contract.with_check("fault_not_delivery"):
            yield answered.finding(UPHELD, clause.id)
    for reason in analysis.reasons:
        if reason.level == "open" and len(analysis.reasons) == 1:
            yield answered.observation(reason.clause, "refused")
        if reason.code is not None:
            why = "every request that would show it was refused for what the document permits"
            yield from (answered.finding(EXCUSED, feature, observed=why) for feature in analysis.features)
    if analysis.identity_known:
        yield from refused_findings(answered)


def _is_documented_error(answered: Answered) -> bool:
    """Whether the document has an internal error of this status: it may befall a message without a fault."""
    statuses = [clause.params["status"] for clause in answered.contract.with_check("internal_error")]
    analysis = answered.analysis
    return answered.response.status in statuses and analysis.is_operation and not analysis.hard


def _internal_error(answered: Answered) -> Iterator[Finding]:
    pointer = answered.provider.refusal_text or ""
    enveloped = not answered.breaches(answered.contract.refusal)
    for clause in answered.contract.with_check("internal_error"):
        text, details = at(answered.value, pointer), at(answered.value, clause.params["details"])
        yield answered.checked(
            clause.id,
            holds=enveloped and text == clause.params["text"] and details is not MISSING,
            expected=f"{pointer} {shown(clause.params['text'])} with details",
            observed=shown(answered.value),
        )


def _throttled(answered: Answered) -> Iterator[Finding]:
    breaches = answered.breaches(answered.contract.refusal)
    observed = breaches[0].observed if breaches else ""
    for clause in answered.contract.with_check("throttled_envelope"):
        yield answered.checked(clause.id, holds=not breaches, expected="the envelope of a refusal", observed=observed)
    headers = answered.response.headers
    names = ", ".join(sorted(name.lower() for name, _ in headers if "ratelimit" in name.lower())) or "none"
    seen = {"retry_after": "present" if answered.response.header("Retry-After") else "absent", "fields": names}
    for clause in answered.contract.with_check("observe_throttled"):
        yield answered.observation(clause.id, seen[clause.params["what"]])


def _undecided(answered: Answered, why: str) -> Iterator[Finding]:
    for clause in (*(reason.clause for reason in answered.analysis.reasons), *answered.analysis.features):
        yield answered.finding(UNDECIDED, clause, observed=why)
