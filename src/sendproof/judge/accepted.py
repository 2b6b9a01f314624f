"""Checks of an accepted message: its answer against the schema and against its request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sendproof.account import Account
from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract
from sendproof.contract.pointer import MISSING, at
from sendproof.judge.answered_exchange import Answered, schema_findings
from sendproof.judge.parsing import http_date
from sendproof.judge.texts_and_numbers import difference, is_e164_of, is_same_text, spelling_of
from sendproof.judge.verdicts import (
    ACCEPTED,
    CONTRADICTED,
    EXCUSED,
    UNDECIDED,
    UPHELD,
    Finding,
    Judgement,
    shown,
)

Relation = tuple[bool, str, str]
"""Whether an answer relates to its request as it should, what was expected, what was seen."""
_Params = Mapping[str, Any]
_Rule = Callable[[Answered, _Params], Relation | None]


def accepted_findings(answered: Answered) -> Iterator[Finding]:
    """Judge the answer to a message that was accepted and had no reason not to be."""
    contract = answered.contract
    yield from _status(answered)
    doubtful = _doubtful_pointers(answered)
    breaches = [breach for breach in answered.breaches(contract.accepted) if breach.pointer not in doubtful]
    spelled = _explained_by_spelling(answered) if breaches else {}
    # A message that cannot be delivered is answered otherwise than a sent one: these clauses say better how.
    delivery = tuple(clause.id for clause in contract.with_check("delivery_failed")) if answered.is_failing else ()
    unless = {**{breach.pointer: delivery for breach in breaches}, **spelled}
    yield from schema_findings(answered, contract.accepted, breaches, unless)
    if not isinstance(answered.value, dict):
        return
    yield from _not_exercised(answered)
    broken = frozenset(breach.pointer for breach in breaches if breach.pointer not in spelled)
    for name, rule in _RELATIONS.items():
        for clause in contract.with_check(name):
            yield from _relation(answered, clause, rule, broken)
    for clause in contract.with_check("observe_accepted"):
        yield answered.observation(clause.id, _OBSERVE[clause.params["what"]](answered))


def _status(answered: Answered) -> Iterator[Finding]:
    keyed = answered.analysis.value("idempotency") is not MISSING
    if answered.context.replay or (keyed and not answered.analysis.identity_known):
        return
    outcome, status = answered.outcome, answered.response.status
    for clause in answered.contract.with_check("accepted_status"):
        if clause.params.get("of", outcome) == outcome:
            expected = clause.params["status"]
            yield answered.checked(clause.id, holds=status == expected, expected=str(expected), observed=str(status))
        elif answered.is_failing is _is_of_delivery(clause):
            yield _void(answered, clause.id)


def _doubtful_pointers(answered: Answered) -> frozenset[str]:
    """Return where an answer is about what the documents leave open: it proves nothing of a promise there."""
    analysis, pointers = answered.analysis, answered.provider.answer
    return frozenset(
        pointer for role, pointer in pointers.items() if role in analysis.provider.fields and analysis.taints(role)
    )


def _explained_by_spelling(answered: Answered) -> Mapping[str, tuple[str, ...]]:
    """Return, for each number that was not sent in E.164, by its pointer, the clauses that explain it better."""
    found: dict[str, tuple[str, ...]] = {}
    for clause in answered.contract.with_check("normalized"):
        role = clause.params["role"]
        pointer, sent = answered.provider.answer[role], answered.analysis.value(role)
        spelled = isinstance(sent, str) and spelling_of(sent) != "e164" and not answered.analysis.taints(role)
        if spelled and clause.params["spelling"] != "e164" and isinstance(at(answered.value, pointer), str):
            found[pointer] = (*found.get(pointer, ()), clause.id)
    return found


def _not_exercised(answered: Answered) -> Iterator[Finding]:
    """Excuse the clauses of the schema for which this answer, as the documents permit it, has nothing to look at."""
    schema = answered.contract.accepted
    exercised = frozenset(schema.exercised(answered.value))
    for clause in schema.clauses():
        if clause not in exercised and answered.is_failing is _is_of_delivery(answered.contract.clauses[clause]):
            yield _void(answered, clause)


def _is_of_delivery(clause: Clause) -> bool:
    """Whether a clause speaks of messages that cannot be delivered, which others do not show."""
    return clause.concern == "delivery"


def _void(answered: Answered, clause: str) -> Finding:
    return answered.finding(EXCUSED, clause, observed="no answer had what it looks at")


def _relation(answered: Answered, clause: Clause, rule: _Rule, broken: frozenset[str]) -> Iterator[Finding]:
    looked_at = [clause.params[name] for name in _POINTERS if name in clause.params]
    is_spoken_against = any(_is_broken(pointer, broken) for pointer in looked_at)
    result = None if is_spoken_against else rule(answered, clause.params)
    if result is None:
        if _is_void(answered, clause):
            yield _void(answered, clause.id)
        return
    role = clause.params.get("role", _ROLES.get(clause.check or ""))
    if role is None or not (answered.analysis.taints(role) or _is_broken(answered.provider.answer[role], broken)):
        yield _compared(answered, clause.id, result)


def _compared(answered: Answered, clause: str, result: Relation) -> Finding:
    holds, expected, observed = result
    return answered.checked(clause, holds=holds, expected=expected, observed=observed)


def _is_void(answered: Answered, clause: Clause) -> bool:
    """Whether a relation could not be looked at for a choice that the documents permit."""
    if clause.check == "delivery_cause":
        return answered.is_failing and answered.recipient_state == clause.params["cause"]
    return clause.check in _VOIDABLE and answered.is_failing is _is_of_delivery(clause)


_POINTERS = ("field", "earlier", "later", "than")
_VOIDABLE = ("not_before", "date_of_answer", "says_more", "delivery_failed")
# The part of the answer that a relation without a role of its own is about.
_ROLES = {"default_sender": "sender", "delivery_failed": "status", "delivery_cause": "error_type"}


def _is_broken(pointer: str, broken: frozenset[str]) -> bool:
    """Whether the schema already speaks against what stands at `pointer`, or against what holds it."""
    return any(pointer == other or pointer.startswith(f"{other}/") or other == "" for other in broken)


def _echo(answered: Answered, params: _Params) -> Relation | None:
    role, form = params["role"], params.get("form")
    sent, got, pointer = answered.analysis.value(role), answered.at_role(role), answered.provider.answer[role]
    if isinstance(got, str):
        # A vendor may put words of its own before a text, and say so.
        got = got.removeprefix(params.get("may_begin_with", ""))
    if sent is MISSING and form == "text":
        return got in (MISSING, None, ""), f"no {pointer}", f"{pointer} {shown(got)}"
    if not isinstance(sent, str) or (sent == "" and form != "text"):
        # An empty number is none.
        return None
    expected, observed = f"{pointer} {shown(sent)}", f"{pointer} {shown(got)}"
    known = {"recipient": answered.analysis.recipient, "sender": answered.analysis.sender}.get(role)
    if got == sent or (form == "number" and got is not None and got == known):
        return True, expected, observed
    same = isinstance(got, str) and is_same_text(sent, got)
    if form == "exact" and not same:
        # What is another text altogether is another clause's.
        return None
    if isinstance(got, str) and form != "number":
        observed = f"{observed}: {difference(sent, got)}"
    return same and form == "text", expected, observed


def named_findings(answered: Answered) -> Iterator[Finding]:
    """Judge how an answer names a number that was accepted in another spelling: as it was sent, or in E.164."""
    if any(reason.level == "required" for reason in answered.analysis.hard):
        return
    for clause in answered.contract.with_check("echo"):
        role = clause.params["role"]
        sent = answered.analysis.value(role)
        if role in ("recipient", "sender") and isinstance(sent, str) and answered.analysis.taints(role):
            pointer, got = answered.provider.answer[role], answered.at_role(role)
            holds = got == sent or (isinstance(got, str) and is_e164_of(got, sent))
            expected = f"{pointer} {shown(sent)} or in E.164"
            yield _compared(answered, clause.id, (holds, expected, f"{pointer} {shown(got)}"))


def _normalized(answered: Answered, params: _Params) -> Relation | None:
    role, analysis = params["role"], answered.analysis
    sent = analysis.value(role)
    if not isinstance(sent, str) or spelling_of(sent) != params["spelling"]:
        return None
    expected = analysis.recipient if role == "recipient" else analysis.sender
    pointer, got = answered.provider.answer[role], answered.at_role(role)
    return got == expected, f"{pointer} {shown(expected)} for {shown(sent)}", f"{pointer} {shown(got)}"


def _default_sender(answered: Answered, params: _Params) -> Relation | None:
    default, analysis = answered.context.account.default_sender, answered.analysis
    if default is None or analysis.value("sender") is not MISSING or analysis.key_state != "active":
        return None
    pointer, got = answered.provider.answer["sender"], answered.at_role("sender")
    return got == default, f"{pointer} {shown(default)}", f"{pointer} {shown(got)}"


def _delivery_failed(answered: Answered, params: _Params) -> Relation | None:
    got, failed = answered.at_role("status"), answered.provider.failed_status
    if not answered.is_failing or got in params["at_first"]:
        return None
    pointer = answered.provider.answer["status"]
    return got == failed, f"{pointer} {shown(failed)}", f"{pointer} {shown(got)}"


def _delivery_cause(answered: Answered, params: _Params) -> Relation | None:
    provider, cause = answered.provider, params["cause"]
    if answered.recipient_state != cause:
        return None
    got = answered.at_role("error_type")
    has_failed = answered.at_role("status") == provider.failed_status
    if not has_failed or got not in {name for item in provider.fixtures.values() for name in item.causes}:
        return None
    return got == cause, shown(cause), shown(got)


def _says_more(answered: Answered, params: _Params) -> Relation | None:
    text, than = at(answered.value, params["field"]), at(answered.value, params["than"])
    if not isinstance(text, str) or not isinstance(than, str):
        return None
    return _folded(text) != _folded(than), f"{params['field']} for people", f"{params['field']} {shown(text)}"


def _folded(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _not_before(answered: Answered, params: _Params) -> Relation | None:
    earlier, later = _moment(at(answered.value, params["earlier"])), _moment(at(answered.value, params["later"]))
    if earlier is None or later is None or (earlier.tzinfo is None) != (later.tzinfo is None):
        return None
    return later >= earlier, f"not before {earlier.isoformat()}", later.isoformat()


def _date_of_answer(answered: Answered, params: _Params) -> Relation | None:
    """Compare a time with the answer's own `Date`, which the same clock should have given.

    Or a proxy's, which may be wrong: what is right by the clock of the run is right as well.
    """
    time, date = _moment(at(answered.value, params["field"])), http_date(answered.response.header("Date"))
    if time is None or time.tzinfo is None or date is None or answered.context.replay:
        return None
    received_s = answered.exchange.started_s + answered.exchange.elapsed_s
    apart_s = min(abs(time.timestamp() - moment_s) for moment_s in (date.timestamp(), received_s))
    limit_s = float(params["within_s"])
    return apart_s <= limit_s, f"within {limit_s:g} s of the answer's Date, {date.isoformat()}", time.isoformat()


def _moment(text: Any) -> datetime | None:
    """Return the moment that a text names, in ISO 8601 or as in mail (RFC 2822)."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return http_date(text) if isinstance(text, str) else None


_RELATIONS: Mapping[str, _Rule] = {
    "echo": _echo,
    "normalized": _normalized,
    "default_sender": _default_sender,
    "delivery_failed": _delivery_failed,
    "delivery_cause": _delivery_cause,
    "says_more": _says_more,
    "not_before": _not_before,
    "date_of_answer": _date_of_answer,
}


def _id_form(answered: Answered) -> str:
    got = answered.at_role("id")
    if not isinstance(got, str):
        return type(got).__name__
    prefix = re.match(r"[A-Za-z]+_", got)
    rest = got[prefix.end() :] if prefix else got
    classes = [name for name, pattern in _CHARACTER_CLASSES if re.search(pattern, rest)]
    return f"{prefix.group() if prefix else ''}<{', '.join(classes)}>"


_CHARACTER_CLASSES = (("letters", r"[A-Za-z]"), ("digits", r"[0-9]"), ("signs", r"[^A-Za-z0-9]"))
# Of a status that is no documented one so much is shown: more is an error text, which may be of any length.
_LONGEST_STATUS = 40

_OBSERVE: Mapping[str, Callable[[Answered], str]] = {
    "status": lambda answered: str(answered.response.status),
    "message_status": lambda answered: str(answered.at_role("status"))[:_LONGEST_STATUS],
    "id_form": _id_form,
}


# Two causes that share a word may be a mix-up of neighbours; of three the service distinguishes none.
_ENOUGH_CAUSES = 3


def cause_findings(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Contradict where several causes of failing delivery, and all that were asked, are named by the same word."""
    clauses = contract.with_check("causes_differ")
    if not clauses or len(set(account.recipients.values()) - {"deliverable"}) < 2:
        return
    last_asked: Judgement | None = None
    first_of_cause: dict[str, Judgement] = {}
    words: set[str] = set()
    pointers = contract.provider.answer
    for item in judgements:
        cause = account.recipients.get(item.analysis.recipient or "", "deliverable")
        if item.outcome != ACCEPTED or cause == "deliverable" or item.analysis.hard or item.analysis.has_media:
            continue
        last_asked = item
        word = at(item.answer, pointers["error_type"])
        if at(item.answer, pointers["status"]) == contract.provider.failed_status and isinstance(word, str):
            first_of_cause.setdefault(cause, item)
            words.add(word)
    if not first_of_cause:
        if last_asked is not None:
            why = "no message had failed when it was answered"
            yield from (last_asked.finding(EXCUSED, clause.id, observed=why) for clause in clauses)
        return
    if len(words) > 1:
        kind, observed = UPHELD, ""
    elif len(first_of_cause) < _ENOUGH_CAUSES:
        kind, observed = UNDECIDED, f"{len(first_of_cause)} causes were asked"
    else:
        kind, observed = CONTRADICTED, f"{next(iter(words))[:40]!r} for {', '.join(first_of_cause)}"
    last = list(first_of_cause.values())[-1]
    for clause in clauses:
        yield last.finding(kind, clause.id, expected="a word of its own for each cause", observed=observed)
