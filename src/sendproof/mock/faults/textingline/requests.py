"""Faults of TextingLine: what is taken for a message."""

import re
from dataclasses import replace
from typing import Final

from sendproof.mock.accounts import DEFAULT_SENDER, RECIPIENTS
from sendproof.mock.faults.edits import (
    every,
    mapping,
    utf8_bytes,
    without,
)
from sendproof.mock.faults.textingline.kit import fault, instead_of_step, prepared, with_step, without_step
from sendproof.mock.http_messages import Document, parse_json
from sendproof.mock.textingline import (
    Attempt,
    Reason,
    RefusedError,
    Rules,
    Service,
    content_is_carried,
    fields_are_valid,
    is_e164,
    sender_is_active,
)


def _digits_only(value: object) -> bool:
    return isinstance(value, str) and value.removeprefix("+").isdigit()


def _now_and_then(service: Service, attempt: Attempt) -> None:
    if every(9, attempt.call) and attempt.account is service.accounts[0]:
        raise RefusedError(Reason.MALFORMED)


def _unpacked(body: bytes) -> object:
    document = parse_json(body)
    return document[0] if isinstance(document, list) and document else document


def _coerced_number(value: object) -> object:
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    return f"+{value}" if isinstance(value, int) and value > 10**9 else value


def _is_short(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\+[1-9][0-9]{1,5}", value) is not None


def _is_long(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\+[1-9][0-9]{15,}", value) is not None


def _unformatted(value: object) -> object:
    return re.sub(r"[ ().-]", "", value) if isinstance(value, str) else value


def _only_first_sender(service: Service, attempt: Attempt) -> None:
    if attempt.message.sender != DEFAULT_SENDER:
        raise RefusedError(Reason.SENDER_INACTIVE)


def _assigned_is_enough(service: Service, attempt: Attempt) -> None:
    if attempt.message.sender not in attempt.account.numbers:
        raise RefusedError(Reason.SENDER_UNASSIGNED)


def _active_or_short(service: Service, attempt: Attempt) -> None:
    if not _is_short(attempt.message.sender):
        sender_is_active(service, attempt)


def _media_needs_body(service: Service, attempt: Attempt) -> None:
    if attempt.message.media_url and not attempt.message.body:
        raise RefusedError(Reason.BODY_MISSING)


def _media_refuses_body(service: Service, attempt: Attempt) -> None:
    if attempt.message.media_url and attempt.message.body:
        raise RefusedError(Reason.MEDIA_URL)


def _short_caption(service: Service, attempt: Attempt) -> None:
    if attempt.message.media_url and len(attempt.message.body or "") > 639:
        raise RefusedError(Reason.BODY_TOO_LONG)


def _no_idempotency_key(service: Service, attempt: Attempt) -> None:
    if attempt.message.idempotency_key is not None:
        raise RefusedError(Reason.IDEMPOTENCY_KEY)


def _idempotency_key_needed(service: Service, attempt: Attempt) -> None:
    if attempt.message.idempotency_key is None:
        raise RefusedError(Reason.IDEMPOTENCY_KEY)


def _formatted_named_wrongly(rules: Rules) -> Rules:
    def edit(document: Document) -> Document:
        to = document["to"]
        return document if is_e164(to) else {**document, "to": f"{_unformatted(to)}"[:-1] + "7"}

    return replace(
        rules,
        recipient_is_valid=lambda value: is_e164(_unformatted(value)),
        accepted_edits=(*rules.accepted_edits, edit),
    )


FAULTS: Final = (
    fault(
        "body-limit-641",
        "641 characters are accepted.",
        "An off-by-one in the length check.",
        lambda r: replace(r, body_limit=641),
        "tl.requests.body-max-refused",
    ),
    fault(
        "body-limit-639",
        "640 characters are refused.",
        "A strict comparison where an inclusive one was meant.",
        lambda r: replace(r, body_limit=639),
        "tl.requests.body-max-accepted",
        "tl.requests.media-body-max-accepted",
    ),
    fault(
        "body-limit-in-bytes",
        "The limit counts UTF-8 bytes.",
        "A language whose string length is in bytes.",
        lambda r: replace(r, count_characters=utf8_bytes),
        "tl.requests.body-characters-not-bytes",
    ),
    fault(
        "body-limit-absent",
        "Any length is accepted.",
        "The check is left to the carrier.",
        lambda r: replace(r, count_characters=lambda body: 0),
        "tl.requests.body-max-refused",
    ),
    fault(
        "body-optional",
        "A message without body and mediaUrl is accepted.",
        "The conditional requirement is documented but not enforced.",
        lambda r: replace(r, body_is_missing=lambda body: False),
        "tl.requests.body-required",
    ),
    fault(
        "sender-unchecked",
        "Any sender is accepted.",
        "The check is left to the carrier.",
        without_step(sender_is_active),
        "tl.requests.from-unassigned",
    ),
    fault(
        "content-unchecked",
        "Unsupported and noncompliant bodies are accepted.",
        "The filters run after the answer.",
        without_step(content_is_carried),
        "tl.requests.body-unsupported",
        "tl.requests.body-noncompliant",
    ),
    fault(
        "recipient-plus-optional",
        "A recipient without plus sign is accepted.",
        "A lenient number parser.",
        lambda r: replace(r, recipient_is_valid=_digits_only),
        "tl.requests.to-e164",
    ),
    fault(
        "media-url-unchecked",
        "Any string is accepted as mediaUrl.",
        "The download is left to the carrier.",
        lambda r: replace(r, media_url_is_valid=lambda value: isinstance(value, str)),
        "tl.requests.media-url-format",
    ),
    fault(
        "valid-refused-now-and-then",
        "A valid message is refused with 400 now and then.",
        "One of several workers runs an older validator.",
        with_step(content_is_carried, _now_and_then),
        "tl.requests.valid-accepted",
    ),
    fault(
        "array-unpacked",
        "A list with a message in it is taken for the message.",
        "A bulk operation shares the parser.",
        lambda r: replace(r, http=replace(r.http, parse=_unpacked)),
        "tl.requests.json-object",
    ),
    fault(
        "to-defaulted",
        "A message without to goes to the number used last.",
        "A form's remembered value.",
        prepared(lambda d: {"to": RECIPIENTS[0], **d}),
        "tl.requests.to-required",
    ),
    fault(
        "to-coerced",
        "A number, or a list with a number, is taken for to.",
        "A serializer that converts whatever comes.",
        prepared(mapping("to", _coerced_number)),
        "tl.requests.to-type",
    ),
    fault(
        "to-short-accepted",
        "A to of two digits is accepted.",
        "The pattern of E.164 taken from the web.",
        lambda r: replace(r, recipient_is_valid=lambda value: is_e164(value) or _is_short(value)),
        "tl.requests.to-too-short",
    ),
    fault(
        "to-sixteen-digits-accepted",
        "A to of more than 15 digits is accepted.",
        "A length that counts the plus sign, twice.",
        lambda r: replace(r, recipient_is_valid=lambda value: is_e164(value) or _is_long(value)),
        "tl.requests.to-e164",
    ),
    fault(
        "to-line-break-accepted",
        "A to that ends in a line break is accepted.",
        "A pattern that ends in a dollar sign.",
        lambda r: replace(
            r, recipient_is_valid=lambda value: is_e164(value.removesuffix("\n") if isinstance(value, str) else value)
        ),
        "tl.requests.to-spelling",
    ),
    fault(
        "to-formatted-accepted",
        "A to in E.164 with spaces and hyphens is accepted.",
        "Formatting is removed before the check.",
        lambda r: replace(r, recipient_is_valid=lambda value: is_e164(_unformatted(value))),
        "tl.requests.to-spelling",
    ),
    fault(
        "to-letters-dropped",
        "A to in E.164 with letters behind it is accepted.",
        "Whatever is no digit is removed before the check.",
        prepared(mapping("to", lambda to: re.sub(r"[A-Za-z]", "", to) if isinstance(to, str) else to)),
        "tl.requests.to-spelling",
        "tl.responses.to-echo",
    ),
    fault(
        "body-zero-missing",
        "A body of 0 is answered like a missing one.",
        "A language in which the text 0 is false.",
        lambda r: replace(r, body_is_missing=lambda body: body in ("", "0")),
        "tl.requests.valid-accepted",
    ),
    fault(
        "from-defaulted",
        "A message without from goes out from the first number.",
        "Another operation's default.",
        prepared(lambda d: {"from": DEFAULT_SENDER, **d}),
        "tl.requests.from-required",
    ),
    fault(
        "from-coerced",
        "A number, or a list with a number, is taken for from.",
        "A serializer that converts whatever comes.",
        prepared(mapping("from", _coerced_number)),
        "tl.requests.from-type",
    ),
    fault(
        "from-plus-optional",
        "A from without plus sign is accepted.",
        "A lenient number parser.",
        prepared(mapping("from", lambda v: f"+{v}" if isinstance(v, str) and v.isascii() and v.isdigit() else v)),
        "tl.requests.from-spelling",
    ),
    fault(
        "from-short-accepted",
        "A from of a few digits is accepted.",
        "Short codes pass without being looked up.",
        lambda r: replace(
            r,
            sender_is_valid=lambda value: is_e164(value) or _is_short(value),
            steps=tuple(_active_or_short if step is sender_is_active else step for step in r.steps),
        ),
        "tl.requests.from-too-short",
    ),
    fault(
        "second-sender-refused",
        "Of the active numbers only the first is accepted as from.",
        "A query that takes one row.",
        with_step(sender_is_active, _only_first_sender),
        "tl.requests.from-given",
    ),
    fault(
        "inactive-sender-accepted",
        "An inactive sender is accepted.",
        "The state is shown, and not looked at.",
        instead_of_step(sender_is_active, _assigned_is_enough),
        "tl.requests.from-inactive",
    ),
    fault(
        "body-null-accepted",
        "A body of null is sent as an empty text.",
        "Null is read as the empty string.",
        prepared(mapping("body", lambda body: " " if body is None else body)),
        "tl.requests.body-null",
    ),
    fault(
        "body-empty-accepted",
        "An empty body is accepted.",
        "Presence is checked, content is not.",
        prepared(mapping("body", lambda body: body or " " if body == "" else body)),
        "tl.requests.body-empty",
    ),
    fault(
        "body-coerced",
        "A body that is no text is made one.",
        "A serializer that converts whatever comes.",
        prepared(mapping("body", lambda body: body if isinstance(body, str | None) else repr(body))),
        "tl.requests.body-type",
    ),
    fault(
        "media-needs-body",
        "An MMS without body is refused.",
        "One validator for both kinds.",
        with_step(fields_are_valid, _media_needs_body),
        "tl.requests.media-alone",
    ),
    fault(
        "media-refuses-body",
        "An MMS with body is refused.",
        "The two fields are taken for alternatives.",
        with_step(fields_are_valid, _media_refuses_body),
        "tl.requests.media-with-body",
    ),
    fault(
        "media-body-unlimited",
        "With mediaUrl a body of any length is accepted.",
        "The limit is checked where segments are counted.",
        prepared(lambda d: {**d, "body": d["body"][:640]} if "mediaUrl" in d and isinstance(d.get("body"), str) else d),
        "tl.requests.media-body-max-refused",
    ),
    fault(
        "media-body-limit-639",
        "With mediaUrl 640 characters are refused.",
        "A separator is counted with the caption.",
        with_step(fields_are_valid, _short_caption),
        "tl.requests.media-body-max-accepted",
    ),
    fault(
        "media-url-of-any-type",
        "A mediaUrl that is no text is ignored.",
        "What cannot be used is left out.",
        prepared(lambda d: without("mediaUrl")(d) if not isinstance(d.get("mediaUrl"), str | None) else d),
        "tl.requests.media-url-type",
    ),
    fault(
        "idempotency-key-refused",
        "A message with idempotencyKey is refused.",
        "A strict schema that was generated before the field came.",
        with_step(fields_are_valid, _no_idempotency_key),
        "tl.requests.idempotency-key-accepted",
    ),
    fault(
        "idempotency-key-required",
        "A message without idempotencyKey is refused.",
        "A client library always sends one, and nobody noticed.",
        with_step(fields_are_valid, _idempotency_key_needed),
        "tl.requests.idempotency-key-omitted",
    ),
    fault(
        "idempotency-key-coerced",
        "An idempotencyKey that is no text is made one.",
        "A serializer that converts whatever comes.",
        prepared(mapping("idempotencyKey", lambda key: key if isinstance(key, str | None) else repr(key))),
        "tl.requests.idempotency-key-type",
    ),
    fault(
        "to-trimmed",
        "A to with white space around it is accepted.",
        "Every text of a request is trimmed.",
        prepared(mapping("to", lambda value: value.strip() if isinstance(value, str) else value)),
        "tl.requests.to-spelling",
    ),
    fault(
        "from-without-digits-defaulted",
        "A from without a digit is the first number.",
        "What cannot be looked up is left to the default.",
        prepared(mapping("from", lambda v: DEFAULT_SENDER if isinstance(v, str) and not re.search(r"\d", v) else v)),
        "tl.requests.from-e164",
    ),
    fault(
        "to-formatted-named-wrongly",
        "A to in E.164 with spaces and hyphens is accepted, and another number is named.",
        "Formatting is removed with the country before the answer is made.",
        _formatted_named_wrongly,
        "tl.requests.to-spelling",
        "tl.responses.to-echo",
    ),
)
