"""Checks of a refusal: its status, its envelope, its documented text or code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract
from sendproof.contract.outcome import TRANSPORT
from sendproof.contract.provider import Provider
from sendproof.exchange import Exchange, Response
from sendproof.judge.accepted import schema_findings
from sendproof.judge.body import MISSING, at
from sendproof.judge.findings import CONTRADICTED, OBSERVED, UPHELD, Context, Finding, shown
from sendproof.judge.request_analysis import IDENTITY, WHOLE_BODY, RequestAnalysis

# A pointer stands beside each code that is found: a name as long as the answer would stand there as often as all else.
_LONGEST_NAME = 200
_CALLED_CODE = re.compile(r"(?:^|_|-)codes?$|Codes?$|^errno$", re.ASCII)
_CODE_LIKE = re.compile(r"[0-9]+|[A-Za-z][A-Za-z0-9]*(?:[_.:-][A-Za-z0-9]+)*")
# A number that stands by itself: no part of a word, a time, a decimal or an id.
_TOKEN = re.compile(r"(?<![\w.+-])[0-9]++(?![\w-]|[.:][0-9])")
# No code is longer; a number of any length may stand in a hostile answer.
_LONGEST = 40


def refused_findings(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    """Judge a refusal that has a reason."""
    own = isinstance(answer, dict) and not all(reason.of_transport for reason in analysis.reasons)
    if response.status in TRANSPORT and not own:
        return
    yield from _statuses(context, exchange, response, analysis)
    breaches = context.contract.refusal.breaches(None if answer is MISSING else answer)
    yield from schema_findings(context.contract.refusal, context.contract.clauses, exchange, answer, breaches)
    if not breaches:
        yield from _texts(context, exchange, analysis, answer)
        yield from _code_findings(context, exchange, response, analysis, answer)
    yield from _observations(context, exchange, response, analysis, answer)


def tells_of_the_account(context: Context, analysis: RequestAnalysis, answer: Any) -> bool:
    """Whether a refusal speaks of the account, and not of what is known to be wrong with the request.

    Credits may be spent, and the key of a fixture may be another account's, without the
    senders of this one. What was let in later with the same text vouches against it.
    """
    provider = context.contract.provider
    if context.vouched or is_documented(context, analysis, answer):
        return False
    if is_unexcludable(provider, answer):
        return True
    fixture = analysis.key_state not in ("active", None) and analysis.sender is not None
    return fixture and any(says(provider, clause, answer) for clause in _of_senders(context))


def is_documented(context: Context, analysis: RequestAnalysis, answer: Any) -> bool:
    """Whether a refusal bears the text or the code that is documented for one of the request's own reasons."""
    return any(
        says(context.contract.provider, clause, answer)
        for check in ("documented_text", "documented_code")
        for clause in context.contract.with_check(check)
        if any(reason.clause in clause.params["reasons"] for reason in analysis.reasons)
    )


def _of_senders(context: Context) -> Iterator[Clause]:
    senders = {clause.id for clause in context.contract.with_check("sender_state")}
    for clause in documenting(context.contract):
        if senders.intersection(clause.params["reasons"]):
            yield clause


def says(provider: Provider, clause: Clause, answer: Any) -> bool:
    """Whether an answer bears the text or the code that a clause documents."""
    if clause.check == "documented_code":
        return has_code(answer, clause.params["code"])
    return at(answer, provider.refusal_text or "") in texts_of(clause)


def texts_of(clause: Clause) -> tuple[str, ...]:
    """Return the texts that a clause documents: its own, or several of which any will do."""
    return (clause.params["text"],) if "text" in clause.params else tuple(clause.params["texts"])


def documenting(contract: Contract) -> tuple[Clause, ...]:
    """Return the clauses that document a text or a code of their own for a cause."""
    texts = (clause for clause in contract.with_check("documented_text") if "text" in clause.params)
    return (*texts, *contract.with_check("documented_code"))


def is_unexcludable(provider: Provider, answer: Any) -> bool:
    """Whether a refusal tells of the account in a way that no request can rule out."""
    if any(has_code(answer, code) for code in provider.unexcludable_codes):
        return True
    return any(at(answer, pointer) == text for pointer, text in provider.unexcludable_texts)


def has_code(answer: Any, code: int) -> bool:
    """Whether a number or text equal to `code`, or a text that names it, stands anywhere."""
    return any(True for _ in code_locations(answer, code))


def code_locations(answer: Any, code: int, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield (pointer, JSON type) of each place where `code` stands."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            if str(code) == key:
                yield f"{pointer}/{key}", "name"
            yield from code_locations(value, code, f"{pointer}/{key[:_LONGEST_NAME]}")
    elif isinstance(answer, list):
        for value in answer:
            yield from code_locations(value, code, f"{pointer}/*")
    elif not isinstance(answer, bool):
        yield from _scalar_location(answer, code, pointer)


def _scalar_location(value: Any, code: int, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, int | float) and value == code:
        yield pointer, "number"
    elif isinstance(value, str) and re.search(rf"(?<![0-9]){code}(?![0-9])", value):
        yield pointer, "string"


def _statuses(context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis) -> Iterator[Finding]:
    for clause in context.contract.with_check("refusal_status"):
        if not _concerns(clause.params, analysis):
            continue
        expected, holds = _expected_status(clause.params, response.status)
        kind = UPHELD if holds else CONTRADICTED
        observed = str(response.status)
        yield Finding(clause=clause.id, exchange=exchange.id, kind=kind, expected=expected, observed=observed)


def _expected_status(params: Mapping[str, Any], status: int) -> tuple[str, bool]:
    if "equals" in params:
        return " or ".join(map(str, params["equals"])), status in params["equals"]
    if "classes" in params:
        return " or ".join(f"{item}xx" for item in params["classes"]), status // 100 in params["classes"]
    return "no " + " or ".join(f"{item}xx" for item in params["not_classes"]), status // 100 not in params[
        "not_classes"
    ]


def _concerns(params: Mapping[str, Any], analysis: RequestAnalysis) -> bool:
    if not analysis.identity_known:
        return False
    if "reasons" in params:
        return _only(analysis, params["reasons"])
    hard = analysis.hard
    if not hard:
        return False
    group = params["group"]
    if group == "auth":
        return all(IDENTITY in reason.fields and reason.concern == "auth" for reason in hard)
    if group == "several":
        return analysis.instance == {} and not any(IDENTITY in reason.fields for reason in hard)
    if group in ("request", "coded"):
        return not any(IDENTITY in reason.fields or WHOLE_BODY in reason.fields for reason in hard)
    return True


def _only(analysis: RequestAnalysis, clauses: list[str]) -> bool:
    return bool(analysis.reasons) and all(reason.clause in clauses for reason in analysis.reasons)


def _texts(context: Context, exchange: Exchange, analysis: RequestAnalysis, answer: Any) -> Iterator[Finding]:
    for clause in context.contract.with_check("documented_text"):
        if _concerns(clause.params, analysis):
            pointer = context.contract.provider.refusal_text or ""
            got = at(answer, pointer)
            wanted = " or ".join(map(shown, texts_of(clause)))
            yield _said(
                clause,
                exchange,
                says(context.contract.provider, clause, answer),
                f"{pointer} {wanted}",
                f"{pointer} {shown(got)}",
            )
    yield from _misused(context, exchange, analysis, answer, "text_misused", "documented_text")


def _code_findings(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    documented = False
    due = context.contract.with_check("code_due")
    if answer is MISSING:
        answer = response.body.decode("utf-8", "replace")
    codes = codes_of(context.contract, answer, response.status)
    for clause in context.contract.with_check("documented_code"):
        if _concerns(clause.params, analysis):
            code, documented = clause.params["code"], True
            named = has_code(answer, code)
            said = _said(clause, exchange, named, f"the code {code}", shown(codes or answer))
            yield said if codes else replace(said, unless=tuple(item.id for item in due))
            yield from (_said(item, exchange, named or bool(codes), f"the code {code}", shown(answer)) for item in due)
    for clause in context.contract.with_check("code_present"):
        if not documented and isinstance(analysis.instance, dict) and _concerns({"group": "request"}, analysis):
            yield _said(clause, exchange, bool(codes), "an error code in the body", shown(answer))
    yield from _misused(context, exchange, analysis, answer, "code_misused", "documented_code")


def _misused(
    context: Context, exchange: Exchange, analysis: RequestAnalysis, answer: Any, check: str, documented: str
) -> Iterator[Finding]:
    """Contradict where a refusal says of one cause what the document has for others.

    The document's words may cover more than their own cause: those are told by `covers`. Of a body that
    is no object, or of a fault of transport, nobody knows what the service made of it.
    """
    if not isinstance(analysis.instance, dict) or not analysis.identity_known or not analysis.reasons:
        return
    if any(reason.of_transport or WHOLE_BODY in reason.fields for reason in analysis.reasons):
        return
    reasons = {reason.clause for reason in analysis.reasons}
    known = context.contract.with_check(documented)
    said = [clause for clause in known if says(context.contract.provider, clause, answer)]
    fits = not said or any(
        reasons.intersection((*clause.params["reasons"], *clause.params.get("covers", ()))) for clause in said
    )
    better = tuple(clause.id for clause in known if reasons.intersection(clause.params["reasons"]))
    for clause in context.contract.with_check(check):
        expected = f"nothing documented for {', '.join(said[0].params['reasons'])}" if said else ""
        finding = _said(clause, exchange, fits, expected, shown(answer))
        yield finding if fits else replace(finding, unless=better)


def _said(clause: Clause, exchange: Exchange, holds: bool, expected: str, observed: str) -> Finding:  # noqa: FBT001 - said in one row with its reasons
    kind = UPHELD if holds else CONTRADICTED
    return Finding(clause=clause.id, exchange=exchange.id, kind=kind, expected=expected, observed=observed)


def codes_of(contract: Contract, answer: Any, status: int) -> list[str]:
    """Return what is an error code, each with its place: a documented number, one as long, or a member called code.

    The status of the answer, told again, is none, nor is a year, a time, a path or an id.
    """
    documented = [clause.params["code"] for clause in contract.with_check("documented_code")]
    lengths = frozenset(len(str(code)) for code in documented)
    return list(dict.fromkeys(f"{pointer} {value}" for pointer, value in _codes(answer, status, lengths, "")))


def _codes(answer: Any, status: int, lengths: frozenset[int], pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(answer, dict):
        for key, value in answer.items():
            if len(key) in lengths and _TOKEN.fullmatch(key):
                yield pointer, key
            yield from _codes(value, status, lengths, f"{pointer}/{key[:_LONGEST_NAME]}")
    elif isinstance(answer, list):
        for value in answer:
            yield from _codes(value, status, lengths, f"{pointer}/*")
    elif isinstance(answer, str | int | float) and not isinstance(answer, bool):
        text = f"{answer:.0f}" if isinstance(answer, float) and answer.is_integer() else str(answer)
        name = pointer.removesuffix("/*").rpartition("/")[2]
        if _CALLED_CODE.search(name) and _CODE_LIKE.fullmatch(text) and text != str(status):
            yield pointer, text[:_LONGEST]
        else:
            yield from ((pointer, number) for number in _TOKEN.findall(text) if len(number) in lengths)


def _observations(
    context: Context, exchange: Exchange, response: Response, analysis: RequestAnalysis, answer: Any
) -> Iterator[Finding]:
    for clause in context.contract.with_check("observe_refusal"):
        if _concerns(clause.params, analysis):
            for value in _observed(clause.params["what"], context, response, analysis, answer):
                yield Finding(clause=clause.id, exchange=exchange.id, kind=OBSERVED, value=value)


def _observed(what: str, context: Context, response: Response, analysis: RequestAnalysis, answer: Any) -> Iterator[str]:
    if what == "status":
        yield str(response.status)
    elif what == "shape":
        yield ", ".join(sorted(answer)) if isinstance(answer, dict) else "no JSON object"
    elif what == "text":
        yield shown(at(answer, context.contract.provider.refusal_text or ""))
    elif what == "code":
        yield from codes_of(context.contract, answer, response.status)
    else:
        codes = [clause.params["code"] for clause in context.contract.with_check("documented_code")]
        yield from (" ".join(place) for code in codes for place in code_locations(answer, code))
