"""Checks of a refusal: its status, its envelope, its documented text or code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract
from sendproof.contract.outcome import TRANSPORT
from sendproof.contract.pointer import MISSING, at
from sendproof.contract.provider import Provider
from sendproof.judge.answered_exchange import Answered, schema_findings
from sendproof.judge.request_analysis import IDENTITY, WHOLE_BODY, RequestAnalysis
from sendproof.judge.verdicts import Finding, shown

# A pointer stands beside each code that is found: a name as long as the answer would stand there as often as all else.
_LONGEST_NAME = 200
_CALLED_CODE = re.compile(r"(?:^|_|-)codes?$|Codes?$|^errno$", re.ASCII)
_CODE_LIKE = re.compile(r"[0-9]+|[A-Za-z][A-Za-z0-9]*(?:[_.:-][A-Za-z0-9]+)*")
# A number that stands by itself: no part of a word, a time, a decimal or an id.
_TOKEN = re.compile(r"(?<![\w.+-])[0-9]++(?![\w-]|[.:][0-9])")
# No code is longer; a number of any length may stand in a hostile answer.
_LONGEST_CODE = 40


def refused_findings(answered: Answered) -> Iterator[Finding]:
    """Judge a refusal that has a reason."""
    schema = answered.contract.refusal
    is_own = isinstance(answered.value, dict) and not all(item.of_transport for item in answered.analysis.reasons)
    if answered.response.status in TRANSPORT and not is_own:
        return
    yield from _statuses(answered)
    breaches = answered.breaches(schema)
    yield from schema_findings(answered, schema, breaches)
    if not breaches:
        yield from _texts(answered)
        yield from _codes(answered)
    yield from _observations(answered)


def _statuses(answered: Answered) -> Iterator[Finding]:
    status = answered.response.status
    for clause in answered.contract.with_check("refusal_status"):
        if _concerns(clause.params, answered.analysis):
            expected, holds = _expected_status(clause.params, status)
            yield answered.checked(clause.id, holds=holds, expected=expected, observed=str(status))


def _expected_status(params: Mapping[str, Any], status: int) -> tuple[str, bool]:
    if "equals" in params:
        return " or ".join(map(str, params["equals"])), status in params["equals"]
    if "classes" in params:
        return " or ".join(f"{item}xx" for item in params["classes"]), status // 100 in params["classes"]
    excluded = params["not_classes"]
    return "no " + " or ".join(f"{item}xx" for item in excluded), status // 100 not in excluded


def _concerns(params: Mapping[str, Any], analysis: RequestAnalysis) -> bool:
    """Whether a clause speaks of the refusal of a request: of just its reasons, or of a group of faults."""
    if not analysis.identity_known:
        return False
    if "reasons" in params:
        return bool(analysis.reasons) and all(reason.clause in params["reasons"] for reason in analysis.reasons)
    hard, group = analysis.hard, params["group"]
    if not hard:
        return False
    if group == "auth":
        return all(IDENTITY in reason.fields and reason.concern == "auth" for reason in hard)
    if group == "several":
        return analysis.instance == {} and not any(IDENTITY in reason.fields for reason in hard)
    if group in ("request", "coded"):
        return not any(IDENTITY in reason.fields or WHOLE_BODY in reason.fields for reason in hard)
    return True


def _texts(answered: Answered) -> Iterator[Finding]:
    pointer = answered.provider.refusal_text or ""
    for clause in answered.contract.with_check("documented_text"):
        if _concerns(clause.params, answered.analysis):
            yield answered.checked(
                clause.id,
                holds=says(answered.provider, clause, answered.value),
                expected=f"{pointer} {' or '.join(map(shown, texts_of(clause)))}",
                observed=f"{pointer} {shown(at(answered.value, pointer))}",
            )
    yield from _misused(answered, answered.value, "text_misused", "documented_text")


def _codes(answered: Answered) -> Iterator[Finding]:
    contract, analysis = answered.contract, answered.analysis
    value = answered.response.body.decode("utf-8", "replace") if answered.value is MISSING else answered.value
    due = contract.with_check("code_due")
    codes = codes_of(contract, value, answered.response.status)
    documented = [clause for clause in contract.with_check("documented_code") if _concerns(clause.params, analysis)]
    for clause in documented:
        code = clause.params["code"]
        named, expected = has_code(answered.provider, value, code), f"the code {code}"
        unless = () if codes else tuple(item.id for item in due)
        yield answered.checked(clause.id, holds=named, expected=expected, observed=shown(codes or value), unless=unless)
        for item in due:
            yield answered.checked(item.id, holds=named or bool(codes), expected=expected, observed=shown(value))
    for clause in contract.with_check("code_present"):
        if not documented and isinstance(analysis.instance, dict) and _concerns({"group": "request"}, analysis):
            expected = "an error code in the body"
            yield answered.checked(clause.id, holds=bool(codes), expected=expected, observed=shown(value))
    yield from _misused(answered, value, "code_misused", "documented_code")


def _misused(answered: Answered, value: Any, check: str, documented: str) -> Iterator[Finding]:
    """Contradict where a refusal says of one cause what the document has for others.

    The document's words may cover more than their own cause: `covers` names those. Of a body that
    is no object, or of a fault of transport, it is unknown what the service made of it.
    """
    analysis = answered.analysis
    if not isinstance(analysis.instance, dict) or not analysis.identity_known or not analysis.reasons:
        return
    if any(reason.of_transport or WHOLE_BODY in reason.fields for reason in analysis.reasons):
        return
    reasons = {reason.clause for reason in analysis.reasons}
    known = answered.contract.with_check(documented)
    said = [clause for clause in known if says(answered.provider, clause, value)]
    fits = not said or any(
        reasons.intersection((*clause.params["reasons"], *clause.params.get("covers", ()))) for clause in said
    )
    # Where the document has words of its own for a reason, their clause says better what is wrong.
    better = () if fits else tuple(item.id for item in known if reasons.intersection(item.params["reasons"]))
    expected = f"nothing documented for {', '.join(said[0].params['reasons'])}" if said else ""
    for clause in answered.contract.with_check(check):
        yield answered.checked(clause.id, holds=fits, expected=expected, observed=shown(value), unless=better)


def _observations(answered: Answered) -> Iterator[Finding]:
    for clause in answered.contract.with_check("observe_refusal"):
        if _concerns(clause.params, answered.analysis):
            for value in _observed(answered, clause.params["what"]):
                yield answered.observation(clause.id, value)


def _observed(answered: Answered, what: str) -> Iterator[str]:
    value, contract = answered.value, answered.contract
    if what == "status":
        yield str(answered.response.status)
    elif what == "shape":
        yield ", ".join(sorted(value)) if isinstance(value, dict) else "no JSON object"
    elif what == "text":
        yield shown(at(value, answered.provider.refusal_text or ""))
    elif what == "code":
        yield from codes_of(contract, value, answered.response.status)
    else:
        for clause in contract.with_check("documented_code"):
            yield from (" ".join(place) for place in code_locations(answered.provider, value, clause.params["code"]))


def speaks_of_the_account(answered: Answered) -> bool:
    """Whether a refusal speaks of the account, and not of what is known to be wrong with the request.

    Credits may be spent, and the key of a fixture may be another account's, without the senders of this one. That a
    message with the same text was accepted later speaks against it.
    """
    provider, analysis, contract = answered.provider, answered.analysis, answered.contract
    if answered.context.vouched or is_documented(contract, analysis, answered.value):
        return False
    if is_unexcludable(provider, answered.value):
        return True
    if analysis.key_state in ("active", None) or analysis.sender is None:
        return False
    senders = {clause.id for clause in contract.with_check("sender_state")}
    of_senders = (clause for clause in documenting(contract) if senders.intersection(clause.params["reasons"]))
    return any(says(provider, clause, answered.value) for clause in of_senders)


def is_documented(contract: Contract, analysis: RequestAnalysis, answer: Any) -> bool:
    """Whether a refusal bears the text or the code that is documented for one of the request's own reasons."""
    reasons = {reason.clause for reason in analysis.reasons}
    return bool(reasons) and any(
        says(contract.provider, clause, answer)
        for clause in _documented(contract)
        if reasons.intersection(clause.params["reasons"])
    )


def names_anything_documented(contract: Contract, answer: Any) -> bool:
    """Whether a refusal bears a text or a code that is documented, for whatever cause."""
    return any(says(contract.provider, clause, answer) for clause in _documented(contract))


def _documented(contract: Contract) -> tuple[Clause, ...]:
    return (*contract.with_check("documented_text"), *contract.with_check("documented_code"))


def documenting(contract: Contract) -> tuple[Clause, ...]:
    """Return the clauses that document one text or code of their own for a cause, not one of several texts."""
    return tuple(clause for clause in _documented(contract) if "texts" not in clause.params)


def says(provider: Provider, clause: Clause, answer: Any) -> bool:
    """Whether an answer bears the text or the code that a clause documents."""
    if clause.check == "documented_code":
        return has_code(provider, answer, clause.params["code"])
    return at(answer, provider.refusal_text or "") in texts_of(clause)


def texts_of(clause: Clause) -> tuple[str, ...]:
    """Return the texts that a clause documents: its own, or several of which any will do."""
    return (clause.params["text"],) if "text" in clause.params else tuple(clause.params["texts"])


def is_unexcludable(provider: Provider, answer: Any) -> bool:
    """Whether a refusal speaks of the account in a way that no request can rule out."""
    if any(has_code(provider, answer, code) for code in provider.unexcludable_codes):
        return True
    return any(at(answer, pointer) == text for pointer, text in provider.unexcludable_texts)


def has_code(provider: Provider, answer: Any, code: int | str) -> bool:
    """Whether an answer bears an error code: at the pointer that the pack gives, or anywhere where it gives none."""
    return next(code_locations(provider, answer, code), None) is not None


def code_locations(provider: Provider, answer: Any, code: int | str) -> Iterator[tuple[str, str]]:
    """Yield (pointer, JSON type) of each place where a code stands.

    At the pack's pointer it is the same value. Without one it is a number or text equal to it, or a text that names it.
    """
    if provider.refusal_code is None:
        yield from _locations(answer, code)
        return
    found = at(answer, provider.refusal_code)
    if type(found) is type(code) and found == code:
        yield provider.refusal_code, "string" if isinstance(found, str) else "number"


def _locations(answer: Any, code: int | str, pointer: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(answer, dict):
        for key, value in answer.items():
            if str(code) == key:
                yield f"{pointer}/{key}", "name"
            yield from _locations(value, code, f"{pointer}/{key[:_LONGEST_NAME]}")
    elif isinstance(answer, list):
        for value in answer:
            yield from _locations(value, code, f"{pointer}/*")
    elif isinstance(answer, str):
        if re.search(rf"(?<![0-9]){re.escape(str(code))}(?![0-9])", answer):
            yield pointer, "string"
    elif isinstance(answer, int | float) and not isinstance(answer, bool) and answer == code:
        yield pointer, "number"


def codes_of(contract: Contract, answer: Any, status: int) -> list[str]:
    """Return what is an error code, each with its place: a documented number, one as long, or a member called code.

    The status of the answer, repeated in it, is none, nor is a year, a time, a path or an id.
    """
    if pointer := contract.provider.refusal_code:
        found = at(answer, pointer)
        return [] if found in (MISSING, None, "") else [f"{pointer} {str(found)[:_LONGEST_CODE]}"]
    lengths = frozenset(len(str(clause.params["code"])) for clause in contract.with_check("documented_code"))
    return list(dict.fromkeys(f"{pointer} {value}" for pointer, value in _located_codes(answer, status, lengths, "")))


def _located_codes(answer: Any, status: int, lengths: frozenset[int], pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(answer, dict):
        for key, value in answer.items():
            if len(key) in lengths and _TOKEN.fullmatch(key):
                yield pointer, key
            yield from _located_codes(value, status, lengths, f"{pointer}/{key[:_LONGEST_NAME]}")
    elif isinstance(answer, list):
        for value in answer:
            yield from _located_codes(value, status, lengths, f"{pointer}/*")
    elif isinstance(answer, str | int | float) and not isinstance(answer, bool):
        text = f"{answer:.0f}" if isinstance(answer, float) and answer.is_integer() else str(answer)
        name = pointer.removesuffix("/*").rpartition("/")[2]
        if _CALLED_CODE.search(name) and _CODE_LIKE.fullmatch(text) and text != str(status):
            yield pointer, text[:_LONGEST_CODE]
        else:
            yield from ((pointer, number) for number in _TOKEN.findall(text) if len(number) in lengths)
