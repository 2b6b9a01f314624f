"""Faults of TextFlow: what is taken for a message."""

import re
import unicodedata
from dataclasses import replace
from typing import Final

from sendproof.mock.accounts import RECIPIENTS
from sendproof.mock.faults.edits import (
    every,
    mapping,
    utf8_bytes,
    without,
)
from sendproof.mock.faults.textflow.kit import (
    fault,
    instead_of_step,
    numbers,
    prepared,
    with_step,
)
from sendproof.mock.http_messages import parse_json
from sendproof.mock.textflow import (
    Attempt,
    Reason,
    RefusedError,
    Service,
    Step,
    day_is_within_limit,
    fields_are_valid,
    normalize,
    sender_is_active,
)


def _any_length(spelling: str) -> str | None:
    digits = re.sub(r"\D", "", spelling)
    return normalize(spelling) or (f"+1{digits}" if digits else None)


def _falls_back_to_default(service: Service, attempt: Attempt) -> None:
    given = attempt.document.get("from")
    normal = normalize(given) if isinstance(given, str) else None
    if attempt.key.numbers.get(normal or ""):
        attempt.sender = normal or ""
        return
    default = service.rules.default_sender(attempt.key)
    if default is None:
        raise RefusedError(Reason.NO_SENDER)
    attempt.sender = default


def _first_active_or_any(service: Service, attempt: Attempt) -> None:
    given = attempt.document.get("from")
    normal = normalize(given) if isinstance(given, str) else None
    if normal is not None:
        attempt.sender = normal
        return
    sender_is_active(service, attempt)


def _now_and_then(service: Service, attempt: Attempt) -> None:
    if every(13, attempt.call) and attempt.key is service.keys[0]:
        raise RefusedError(Reason.MALFORMED)


def _unpacked(body: bytes) -> object:
    document = parse_json(body)
    return document[0] if isinstance(document, list) and document else document


def _coerced(value: object) -> object:
    if isinstance(value, list | dict) and len(value) == 1:
        return _coerced(next(iter(value.values() if isinstance(value, dict) else value)))
    return str(value) if isinstance(value, int) else value


def _of_digits(text: str, count: int) -> str | None:
    digits = re.sub(r"[^0-9]", "", text)
    return f"+1{digits[-10:]:0>10}" if len(digits) == count and digits.isascii() else None


def _refusing_text(pattern: str) -> Step:
    def step(service: Service, attempt: Attempt) -> None:
        if re.search(pattern, attempt.text):
            raise RefusedError(Reason.MESSAGE_INVALID)

    return step


def _marks_refused(service: Service, attempt: Attempt) -> None:
    if any(unicodedata.category(character).startswith("M") for character in attempt.text):
        raise RefusedError(Reason.MESSAGE_INVALID)


def _from_needed(service: Service, attempt: Attempt) -> None:
    if "from" not in attempt.document and attempt.key.default:
        raise RefusedError(Reason.SENDER_UNKNOWN)


def _only_default_sender(service: Service, attempt: Attempt) -> None:
    if attempt.sender != attempt.key.default:
        raise RefusedError(Reason.SENDER_UNKNOWN)


def _assigned_is_enough(service: Service, attempt: Attempt) -> None:
    given = attempt.document.get("from")
    normal = normalize(given) if isinstance(given, str) else None
    if normal in attempt.key.numbers and attempt.key.default:
        attempt.sender = normal or ""
    else:
        sender_is_active(service, attempt)


def _is_malformed(text: str) -> bool:
    return text.strip() != "" and len(re.sub(r"[^0-9]", "", text)) not in (10, 11)


FAULTS: Final = (
    fault(
        "message-limit-1601",
        "1,601 characters are accepted.",
        "An off-by-one in the length check.",
        lambda r: replace(r, message_limit=1601),
        "tf.requests.message-max-refused",
    ),
    fault(
        "message-limit-1599",
        "1,600 characters are refused.",
        "A strict comparison where an inclusive one was meant.",
        lambda r: replace(r, message_limit=1599),
        "tf.requests.message-max-accepted",
    ),
    fault(
        "message-limit-in-bytes",
        "The limit counts UTF-8 bytes.",
        "A language whose string length is in bytes.",
        lambda r: replace(r, count_characters=utf8_bytes),
        "tf.requests.message-characters-not-bytes",
    ),
    fault(
        "message-limit-absent",
        "Any length is accepted.",
        "The check is left to the carrier.",
        lambda r: replace(r, count_characters=lambda text: 0),
        "tf.requests.message-max-refused",
    ),
    fault(
        "message-limit-one-segment",
        "More than 160 characters are refused.",
        "Segmentation was announced before it was built.",
        lambda r: replace(r, message_limit=160),
        "tf.requests.message-long-accepted",
    ),
    fault(
        "message-optional",
        "An empty message is accepted.",
        "Presence is checked, content is not.",
        lambda r: replace(r, message_is_missing=lambda text: False),
        "tf.requests.message-empty",
    ),
    fault(
        "message-zero-missing",
        "A message of 0 is answered like a missing one.",
        "A language in which the text 0 is false.",
        lambda r: replace(r, message_is_missing=lambda text: text in ("", "0")),
        "tf.requests.valid-accepted",
    ),
    fault(
        "digits-unlimited",
        "Any number of digits is accepted.",
        "Formatting is removed and the length never looked at.",
        numbers(_any_length),
        "tf.requests.to-digits",
    ),
    fault(
        "sender-unchecked",
        "Any sender is accepted.",
        "The check is left to the carrier.",
        instead_of_step(sender_is_active, _first_active_or_any),
        "tf.requests.from-unknown",
    ),
    fault(
        "sender-falls-back",
        "An unusable sender is replaced by the default.",
        "Delivery is preferred to an error.",
        instead_of_step(sender_is_active, _falls_back_to_default),
        "tf.requests.from-unknown",
    ),
    fault(
        "valid-refused-now-and-then",
        "A valid message is refused with 400 now and then.",
        "One of several workers runs an older validator.",
        with_step(day_is_within_limit, _now_and_then),
        "tf.requests.valid-accepted",
    ),
    fault(
        "array-unpacked",
        "A list with a message in it is taken for the message.",
        "A bulk operation shares the parser.",
        lambda r: replace(r, http=replace(r.http, parse=_unpacked)),
        "tf.requests.json-object",
    ),
    fault(
        "to-defaulted",
        "A message without to goes to the number used last.",
        "A form's remembered value.",
        prepared(lambda d: {"to": RECIPIENTS[0], **d}),
        "tf.requests.to-required",
    ),
    fault(
        "to-null-accepted",
        "A to of null is the number used last.",
        "A form's remembered value.",
        prepared(mapping("to", lambda to: RECIPIENTS[0] if to is None else to)),
        "tf.requests.to-null",
    ),
    fault(
        "to-empty-accepted",
        "An empty to is the number used last.",
        "A form's remembered value.",
        prepared(mapping("to", lambda to: RECIPIENTS[0] if to == "" else to)),
        "tf.requests.to-empty",
    ),
    fault(
        "to-blank-accepted",
        "A to of white space is the number used last.",
        "The text is trimmed after it was found to be there.",
        prepared(mapping("to", lambda to: RECIPIENTS[0] if isinstance(to, str) and to.isspace() else to)),
        "tf.requests.to-blank",
    ),
    fault(
        "to-coerced",
        "A number, or one in a list or an object, is taken for to.",
        "A serializer that converts whatever comes.",
        prepared(mapping("to", _coerced)),
        "tf.requests.to-type",
    ),
    fault(
        "to-nine-digits-accepted",
        "A to of nine digits is accepted.",
        "A lower bound that is off by one.",
        lambda r: replace(r, normalize=lambda text: normalize(text) or _of_digits(text, 9)),
        "tf.requests.to-digits",
    ),
    fault(
        "to-twelve-digits-accepted",
        "A to of twelve digits is cut to its last ten.",
        "A column that keeps ten digits.",
        lambda r: replace(r, normalize=lambda text: normalize(text) or _of_digits(text, 12)),
        "tf.requests.to-digits",
    ),
    fault(
        "message-defaulted",
        "A message without message is sent.",
        "A template's default.",
        prepared(lambda d: {"message": "Hello", **d}),
        "tf.requests.message-required",
    ),
    fault(
        "message-null-accepted",
        "A message of null is sent.",
        "Null is made a text.",
        prepared(mapping("message", lambda text: "null" if text is None else text)),
        "tf.requests.message-null",
    ),
    fault(
        "message-coerced",
        "A message that is no text is made one.",
        "A serializer that converts whatever comes.",
        prepared(mapping("message", lambda text: text if isinstance(text, str | None) else repr(text))),
        "tf.requests.message-type",
    ),
    fault(
        "message-ascii-only",
        "Characters outside ASCII are refused.",
        "A gateway of seven bits.",
        with_step(fields_are_valid, _refusing_text(r"[^\x00-\x7f]")),
        "tf.requests.message-non-latin",
    ),
    fault(
        "message-without-emoji",
        "Emoji are refused.",
        "Texts are kept in UCS-2.",
        with_step(fields_are_valid, _refusing_text(r"[\U00010000-\U0010ffff]")),
        "tf.requests.message-emoji",
    ),
    fault(
        "message-without-marks",
        "Combining marks are refused.",
        "A filter against disfigured texts.",
        with_step(fields_are_valid, _marks_refused),
        "tf.requests.message-combining",
    ),
    fault(
        "message-without-arabic",
        "Arabic letters are refused.",
        "A list of scripts that somebody tested.",
        with_step(fields_are_valid, _refusing_text(r"[\u0600-\u06ff]")),
        "tf.requests.message-non-latin",
    ),
    fault(
        "message-without-indic",
        "Letters of Indian scripts are refused.",
        "A list of scripts that somebody tested.",
        with_step(fields_are_valid, _refusing_text(r"[\u0900-\u0d7f]")),
        "tf.requests.message-non-latin",
    ),
    fault(
        "message-without-ethiopic",
        "Ethiopic letters are refused.",
        "A list of scripts that somebody tested.",
        with_step(fields_are_valid, _refusing_text(r"[\u1200-\u137f]")),
        "tf.requests.message-non-latin",
    ),
    fault(
        "message-without-joined-emoji",
        "Emoji that are joined are refused.",
        "A filter against characters that nobody sees.",
        with_step(fields_are_valid, _refusing_text(r"\u200d")),
        "tf.requests.message-emoji",
    ),
    fault(
        "message-without-flags",
        "Flags are refused.",
        "A table of emoji older than flags.",
        with_step(fields_are_valid, _refusing_text(r"[\U0001f1e6-\U0001f1ff]")),
        "tf.requests.message-emoji",
    ),
    fault(
        "message-without-rare-han",
        "Han beyond the basic plane is refused.",
        "Emoji were let through by their block.",
        with_step(fields_are_valid, _refusing_text(r"[\U00020000-\U0002ffff]")),
        "tf.requests.message-emoji",
    ),
    fault(
        "from-required",
        "A message without from is refused.",
        "The default number was a setting that new accounts lack.",
        with_step(fields_are_valid, _from_needed),
        "tf.requests.from-omitted",
    ),
    fault(
        "second-sender-refused",
        "Of the active numbers only the default is accepted as from.",
        "A query that takes one row.",
        with_step(sender_is_active, _only_default_sender),
        "tf.requests.from-given",
    ),
    fault(
        "inactive-sender-accepted",
        "An inactive sender is accepted.",
        "The state is shown, and not looked at.",
        instead_of_step(sender_is_active, _assigned_is_enough),
        "tf.requests.from-inactive",
    ),
    fault(
        "from-malformed-ignored",
        "A from that is no number is replaced by the default.",
        "What cannot be used is left out.",
        prepared(lambda d: without("from")(d) if isinstance(d.get("from"), str) and _is_malformed(d["from"]) else d),
        "tf.requests.from-digits",
    ),
    fault(
        "from-of-any-type",
        "A from that is no text is replaced by the default.",
        "What cannot be used is left out.",
        prepared(lambda d: without("from")(d) if not isinstance(d.get("from"), str | None) else d),
        "tf.requests.from-type",
    ),
)
