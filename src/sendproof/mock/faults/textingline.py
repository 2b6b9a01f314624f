"""Faults of TextingLine."""

import html
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import Final

from sendproof.mock.endpoint import Hook
from sendproof.mock.exchange import Document
from sendproof.mock.faults.edits import (
    Edit,
    failed,
    mapping,
    renaming,
    setting,
    utf8_bytes,
    utf16_units,
    when,
    within,
    without,
    without_header,
)
from sendproof.mock.faults.model import Change, Fault
from sendproof.mock.idempotency import Racing, Resending
from sendproof.mock.textingline import (
    Reason,
    Record,
    Rules,
    content_is_carried,
    iso_milliseconds,
    post_is_asked,
    sender_is_active,
)


def _fault(name: str, summary: str, origin: str, change: Change[Rules], *clauses: str) -> Fault[Rules]:
    return Fault(
        name=name,
        provider="textingline",
        summary=summary,
        origin=origin,
        change=change,
        clauses=clauses,
    )


def _accepted(edit: Edit) -> Change[Rules]:
    return lambda r: replace(r, accepted_edits=(*r.accepted_edits, edit))


def _refused(edit: Edit) -> Change[Rules]:
    return lambda r: replace(r, refused_edits=(*r.refused_edits, edit))


def _after(hook: Hook) -> Change[Rules]:
    return lambda r: replace(r, http=replace(r.http, after=(*r.http.after, hook)))


def _without_step(step: Callable[..., None]) -> Change[Rules]:
    return lambda r: replace(r, steps=tuple(known for known in r.steps if known is not step))


def _code(reason: Reason, code: int) -> Change[Rules]:
    return lambda r: replace(r, refusals={**r.refusals, reason: replace(r.refusals[reason], code=code)})


def _opted_out_is_refused(rules: Rules) -> Rules:
    return replace(rules, accepted_status=lambda record: 400 if record.error_type == "opted_out" else 201)


def _month_13(seconds: float) -> str:
    text = iso_milliseconds(seconds)
    return f"{text[:5]}13{text[7:]}"


def _local_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def _mislabelled_zone(seconds: float) -> str:
    local = datetime.fromtimestamp(seconds, timezone(timedelta(hours=-5)))
    return local.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _swapped_times(document: Document) -> Document:
    if "sentAt" not in document:
        return document
    earlier = iso_milliseconds(datetime.fromisoformat(document["createdAt"]).timestamp() - 5)
    return {**document, "sentAt": earlier}


def _newer(first: Record, again: Record) -> Record:
    return again


def _older(first: Record, again: Record) -> Record:
    return first


def _sequential_ids(rules: Rules) -> Rules:
    numbers = count(1)
    return replace(rules, message_id=lambda rng: f"msg_{next(numbers) // 2:022}")


def _digits_only(value: object) -> bool:
    return isinstance(value, str) and value.removeprefix("+").isdigit()


FAULTS: Final = (
    _fault(
        "body-limit-641",
        "641 characters are accepted.",
        "An off-by-one in the length check.",
        lambda r: replace(r, body_limit=641),
    ),
    _fault(
        "body-limit-639",
        "640 characters are refused.",
        "A strict comparison where an inclusive one was meant.",
        lambda r: replace(r, body_limit=639),
    ),
    _fault(
        "body-limit-in-bytes",
        "The limit counts UTF-8 bytes.",
        "A language whose string length is in bytes.",
        lambda r: replace(r, count_characters=utf8_bytes),
    ),
    _fault(
        "body-limit-in-utf16-units",
        "The limit counts UTF-16 code units.",
        "A language whose string length is in UTF-16 units.",
        lambda r: replace(r, count_characters=utf16_units),
    ),
    _fault(
        "body-limit-absent",
        "Any length is accepted.",
        "The check is left to the carrier.",
        lambda r: replace(r, count_characters=lambda body: 0),
    ),
    _fault(
        "body-trimmed",
        "The body is echoed without outer white space.",
        "An input filter trims every string.",
        _accepted(mapping("body", str.strip)),
    ),
    _fault(
        "body-escaped",
        "The body is echoed with HTML entities.",
        "An input filter against cross-site scripting.",
        _accepted(mapping("body", html.escape)),
    ),
    _fault(
        "body-truncated",
        "The body is echoed up to 160 characters.",
        "A column sized for one segment.",
        _accepted(mapping("body", lambda body: body[:160])),
    ),
    _fault(
        "body-newlines-folded",
        "Line breaks are echoed as spaces.",
        "A single-line form field's filter.",
        _accepted(mapping("body", lambda body: body.replace("\n", " "))),
    ),
    _fault(
        "body-as-latin-1",
        "Characters outside Latin-1 are echoed as question marks.",
        "A legacy connection character set.",
        _accepted(mapping("body", lambda body: body.encode("latin-1", "replace").decode("latin-1"))),
    ),
    _fault(
        "body-optional",
        "A message without body and mediaUrl is accepted.",
        "The conditional requirement is documented but not enforced.",
        lambda r: replace(r, body_is_missing=lambda body: False),
    ),
    _fault(
        "secret-case-ignored",
        "The key secret is compared without regard to case.",
        "A case-insensitive collation on the credentials table.",
        lambda r: replace(r, secret_matches=lambda given, known: given.lower() == known.lower()),
    ),
    _fault(
        "secret-prefix-enough",
        "A prefix of the key secret is accepted.",
        "Only the displayed head of the secret is stored and compared.",
        lambda r: replace(r, secret_matches=lambda given, known: given[:12] == known[:12]),
    ),
    _fault(
        "secret-unchecked",
        "Any secret is accepted with a known key id.",
        "The key is looked up by its id and the secret forgotten.",
        lambda r: replace(r, secret_matches=lambda given, known: True),
    ),
    _fault(
        "challenge-absent",
        "401 comes without WWW-Authenticate.",
        "Authentication is checked in the handler, not by the framework.",
        _after(without_header("WWW-Authenticate")),
    ),
    _fault(
        "other-methods-taken",
        "Any method sends.",
        "A route registered for all methods.",
        _without_step(post_is_asked),
    ),
    _fault(
        "idempotency-ignored",
        "A retry with the same key is sent again.",
        "The field is accepted for compatibility and never read.",
        lambda r: replace(r, idempotency_key=lambda attempt: None),
    ),
    _fault(
        "idempotency-races",
        "Concurrent requests with one key are each sent.",
        "Look-up and insertion are not one transaction.",
        lambda r: replace(r, idempotency=Racing),
    ),
    _fault(
        "idempotency-new-answer",
        "A retry is answered with a new message.",
        "The duplicate is suppressed later, in the queue.",
        lambda r: replace(r, idempotency=lambda: Resending(_newer)),
    ),
    _fault(
        "idempotency-charged",
        "A retry gets the first answer and is charged again.",
        "Credits are taken before the duplicate is found.",
        lambda r: replace(r, idempotency=lambda: Resending(_older)),
    ),
    _fault(
        "idempotency-across-accounts",
        "One account's key answers another account's request.",
        "A unique index on the key alone.",
        lambda r: replace(r, idempotency_key=lambda attempt: attempt.message.idempotency_key),
    ),
    _fault(
        "idempotency-key-cut",
        "Keys that agree in 16 characters are taken as one.",
        "A short column that cuts silently.",
        lambda r: replace(
            r,
            idempotency_key=lambda attempt: (attempt.message.idempotency_key or "")[:16] or None,
            idempotency_payload=lambda message: replace(message, idempotency_key=None),
        ),
    ),
    _fault(
        "error-fields-null",
        "A sent message has errorType and errorMessage, both null.",
        "A serializer that writes every member of the model.",
        _accepted(when(lambda d: not failed(d), setting(errorType=None, errorMessage=None))),
    ),
    _fault(
        "sent-at-when-failed",
        "A failed message has sentAt.",
        "The time of hand-over is stored before the outcome.",
        _accepted(when(failed, lambda d: {**d, "sentAt": d["createdAt"]})),
    ),
    _fault(
        "sent-at-null-when-failed",
        "A failed message has sentAt: null.",
        "A serializer that writes every member of the model.",
        _accepted(when(failed, setting(sentAt=None))),
    ),
    _fault(
        "sent-before-created",
        "sentAt lies before createdAt.",
        "The two are written by machines with different clocks.",
        _accepted(_swapped_times),
    ),
    _fault(
        "error-type-in-capitals",
        "errorType is spelled in capitals.",
        "The enumeration's name is serialized instead of its value.",
        _accepted(mapping("errorType", str.upper)),
    ),
    _fault(
        "error-message-absent",
        "A failed message has no errorMessage.",
        "Empty members are left out, and the text was never filled in.",
        _accepted(without("errorMessage")),
    ),
    _fault(
        "every-failure-unknown",
        "Every failure has errorType unknown.",
        "The provider's codes are not mapped.",
        _accepted(when(failed, setting(errorType="unknown"))),
    ),
    _fault(
        "failure-status-sent",
        "A failed message has status sent.",
        "The status is written before the provider answers.",
        _accepted(when(failed, setting(status="sent"))),
    ),
    _fault(
        "opted-out-refused",
        "A recipient who opted out is answered 400.",
        "A local suppression list answers before the message is created.",
        _opted_out_is_refused,
    ),
    _fault(
        "unassigned-as-inactive",
        "A foreign sender is refused with 33009.",
        "One query looks for assigned and active numbers.",
        _code(Reason.SENDER_UNASSIGNED, 33009),
    ),
    _fault(
        "inactive-as-unassigned",
        "An inactive sender is refused with 33004.",
        "One query looks for assigned and active numbers.",
        _code(Reason.SENDER_INACTIVE, 33004),
    ),
    _fault(
        "sender-unchecked",
        "Any sender is accepted.",
        "The check is left to the carrier.",
        _without_step(sender_is_active),
    ),
    _fault(
        "noncompliant-as-unsupported",
        "A noncompliant body is refused with 33016.",
        "Two content filters share an error.",
        _code(Reason.NONCOMPLIANT, 33016),
    ),
    _fault(
        "unsupported-as-noncompliant",
        "An unsupported body is refused with 33019.",
        "Two content filters share an error.",
        _code(Reason.UNSUPPORTED, 33019),
    ),
    _fault(
        "content-unchecked",
        "Unsupported and noncompliant bodies are accepted.",
        "The filters run after the answer.",
        _without_step(content_is_carried),
    ),
    _fault(
        "no-credits-code-33024",
        "A short balance is refused with 33024.",
        "The table of codes was renumbered.",
        _code(Reason.NO_CREDITS, 33024),
    ),
    _fault(
        "credits-any-balance",
        "A message is accepted while any credit is left.",
        "The balance is compared with zero.",
        lambda r: replace(r, affords=lambda balance, cost: balance > 0),
    ),
    _fault(
        "credits-strict",
        "A message is refused when the balance just suffices.",
        "A strict comparison where an inclusive one was meant.",
        lambda r: replace(r, affords=lambda balance, cost: balance > cost),
    ),
    _fault(
        "credits-unlimited",
        "No balance is ever short.",
        "Billing is done by a nightly job.",
        lambda r: replace(r, affords=lambda balance, cost: True),
    ),
    _fault(
        "credits-race",
        "Concurrent messages overdraw the balance.",
        "The balance is read and written in two statements.",
        lambda r: replace(r, charging_pause_s=0.03),
    ),
    _fault(
        "mms-costs-2",
        "An MMS costs 2 credits.",
        "The surcharge is forgotten.",
        lambda r: replace(r, price=lambda message: 2),
    ),
    _fault(
        "sms-costs-1",
        "An SMS costs 1 credit.",
        "The carrier look-up is not charged.",
        lambda r: replace(r, price=lambda message: 3 if message.media_url else 1),
    ),
    _fault(
        "refusal-charged",
        "A refused message is charged 1 credit.",
        "The look-up is charged before the balance is checked.",
        lambda r: replace(r, charge_refused=1),
    ),
    _fault(
        "created-at-month-13",
        "Times have the month 13.",
        "A zero-based month is corrected twice.",
        lambda r: replace(r, timestamp=_month_13),
    ),
    _fault(
        "created-at-epoch",
        "Times are numbers.",
        "The language's native time is serialized.",
        lambda r: replace(r, timestamp=lambda seconds: int(seconds * 1000)),
    ),
    _fault(
        "created-at-without-offset",
        "Times have no offset.",
        "A naive time is serialized.",
        lambda r: replace(r, timestamp=_local_time),
    ),
    _fault(
        "created-at-local-as-utc",
        "Times are local, marked as UTC.",
        "A Z is appended to the local time.",
        lambda r: replace(r, timestamp=_mislabelled_zone),
    ),
    _fault(
        "ids-repeat",
        "Two messages in a row share an id.",
        "Two workers count on their own.",
        _sequential_ids,
    ),
    _fault(
        "id-without-prefix",
        "The id has no prefix.",
        "The database's key is exposed.",
        _accepted(mapping("id", lambda value: value.removeprefix("msg_"))),
    ),
    _fault(
        "direction-inbound",
        "direction is inbound.",
        "A copied serializer.",
        _accepted(setting(direction="inbound")),
    ),
    _fault(
        "to-without-plus",
        "to is echoed without its plus sign.",
        "A carrier's notation leaks out.",
        _accepted(mapping("to", lambda number: number.removeprefix("+"))),
    ),
    _fault(
        "from-and-to-swapped",
        "to and from are echoed in each other's place.",
        "The model of inbound messages is reused.",
        _accepted(renaming(to="from", **{"from": "to"})),
    ),
    _fault(
        "accepted-with-200",
        "Accepted messages are answered 200.",
        "The framework's default.",
        lambda r: replace(r, accepted_status=lambda record: 200),
    ),
    _fault(
        "recipient-plus-optional",
        "A recipient without plus sign is accepted.",
        "A lenient number parser.",
        lambda r: replace(r, recipient_is_valid=_digits_only),
    ),
    _fault(
        "media-url-unchecked",
        "Any string is accepted as mediaUrl.",
        "The download is left to the carrier.",
        lambda r: replace(r, media_url_is_valid=lambda value: isinstance(value, str)),
    ),
    _fault(
        "error-without-code",
        "Errors have no code.",
        "The codes were added to the documents first.",
        _refused(within("error", without("code"))),
    ),
)
