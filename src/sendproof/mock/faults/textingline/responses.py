"""Faults of TextingLine: the answer to a message."""

import html
import random
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import count
from typing import Final

from sendproof.mock.faults.edits import (
    failed,
    mapping,
    on_status,
    renaming,
    setting,
    when,
    with_document,
    without,
)
from sendproof.mock.faults.textingline.kit import accepted, fault
from sendproof.mock.http_messages import Document
from sendproof.mock.textingline import (
    Rules,
    iso_milliseconds,
)


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


def _sequential_ids(rules: Rules) -> Rules:
    numbers = count(1)
    return replace(rules, message_id=lambda rng: f"msg_{next(numbers) // 2:022}")


def _as_in_mail(text: str) -> str:
    return format_datetime(datetime.fromisoformat(text))


def _listed(document: object) -> object:
    return [document]


def _rarely_repeated_ids(rules: Rules) -> Rules:
    numbers, last = count(1), [""]

    def message_id(rng: random.Random) -> str:
        last[0] = last[0] if next(numbers) % 8 == 0 else rules.message_id(rng)
        return last[0]

    return replace(rules, message_id=message_id)


FAULTS: Final = (
    fault(
        "body-trimmed",
        "The body is echoed without outer white space.",
        "An input filter trims every string.",
        accepted(mapping("body", str.strip)),
        "tl.responses.body-exact",
    ),
    fault(
        "body-escaped",
        "The body is echoed with HTML entities.",
        "An input filter against cross-site scripting.",
        accepted(mapping("body", html.escape)),
        "tl.responses.body-echo",
    ),
    fault(
        "body-truncated",
        "The body is echoed up to 160 characters.",
        "A column sized for one segment.",
        accepted(mapping("body", lambda body: body[:160])),
        "tl.responses.body-echo",
    ),
    fault(
        "body-newlines-folded",
        "Line breaks are echoed as spaces.",
        "A single-line form field's filter.",
        accepted(mapping("body", lambda body: body.replace("\n", " "))),
        "tl.responses.body-echo",
    ),
    fault(
        "body-as-latin-1",
        "Characters outside Latin-1 are echoed as question marks.",
        "A legacy connection character set.",
        accepted(mapping("body", lambda body: body.encode("latin-1", "replace").decode("latin-1"))),
        "tl.responses.body-echo",
    ),
    fault(
        "error-fields-null",
        "A sent message has errorType and errorMessage, both null.",
        "A serializer that writes every member of the model.",
        accepted(when(lambda d: not failed(d), setting(errorType=None, errorMessage=None))),
        "tl.responses.error-type-null",
    ),
    fault(
        "sent-before-created",
        "sentAt lies before createdAt.",
        "The two are written by machines with different clocks.",
        accepted(_swapped_times),
        "tl.responses.sent-at-order",
    ),
    fault(
        "created-at-month-13",
        "Times have the month 13.",
        "A zero-based month is corrected twice.",
        lambda r: replace(r, timestamp=_month_13),
        "tl.responses.created-at",
    ),
    fault(
        "created-at-epoch",
        "Times are numbers.",
        "The language's native time is serialized.",
        lambda r: replace(r, timestamp=lambda seconds: int(seconds * 1000)),
        "tl.responses.created-at",
    ),
    fault(
        "created-at-without-offset",
        "Times have no offset.",
        "A naive time is serialized.",
        lambda r: replace(r, timestamp=_local_time),
        "tl.responses.created-at-offset",
    ),
    fault(
        "created-at-local-as-utc",
        "Times are local, marked as UTC.",
        "A Z is appended to the local time.",
        lambda r: replace(r, timestamp=_mislabelled_zone),
        "tl.responses.created-at-now",
    ),
    fault(
        "ids-repeat",
        "Two messages in a row share an id.",
        "Two workers count on their own.",
        _sequential_ids,
        "tl.responses.id-unique",
    ),
    fault(
        "id-without-prefix",
        "The id has no prefix.",
        "The database's key is exposed.",
        accepted(mapping("id", lambda value: value.removeprefix("msg_"))),
        "tl.responses.id",
    ),
    fault(
        "direction-inbound",
        "direction is inbound.",
        "A copied serializer.",
        accepted(setting(direction="inbound")),
        "tl.responses.direction",
    ),
    fault(
        "to-without-plus",
        "to is echoed without its plus sign.",
        "A carrier's notation leaks out.",
        accepted(mapping("to", lambda number: number.removeprefix("+"))),
        "tl.responses.to-echo",
    ),
    fault(
        "from-and-to-swapped",
        "to and from are echoed in each other's place.",
        "The model of inbound messages is reused.",
        accepted(renaming(to="from", **{"from": "to"})),
        "tl.responses.to-echo",
        "tl.responses.from-echo",
    ),
    fault(
        "accepted-with-200",
        "Accepted messages are answered 200.",
        "The framework's default.",
        lambda r: replace(r, accepted_status=lambda record: 200),
        "tl.delivery.status-201",
    ),
    fault(
        "to-absent",
        "Answers have no to.",
        "A model for lists leaves it out.",
        accepted(without("to")),
        "tl.responses.to",
    ),
    fault(
        "from-absent",
        "Answers have no from.",
        "A model for lists leaves it out.",
        accepted(without("from")),
        "tl.responses.from",
    ),
    fault(
        "from-without-plus",
        "from is echoed without its plus sign.",
        "A carrier's notation leaks out.",
        accepted(mapping("from", lambda number: number.removeprefix("+"))),
        "tl.responses.from-echo",
    ),
    fault(
        "status-in-capitals",
        "status is spelled in capitals.",
        "The enumeration's name is serialized instead of its value.",
        accepted(mapping("status", str.upper)),
        "tl.responses.status",
    ),
    fault(
        "status-of-the-carrier",
        "status is a word the documents do not have.",
        "The carrier's status is passed through.",
        accepted(when(lambda d: d["status"] == "sent", setting(status="accepted"))),
        "tl.responses.status",
    ),
    fault(
        "sent-at-as-in-mail",
        "sentAt is in the format of a mail's header.",
        "Another library's default format.",
        accepted(mapping("sentAt", _as_in_mail)),
        "tl.responses.sent-at",
    ),
    fault(
        "created-at-as-in-mail",
        "createdAt is in the format of a mail's header.",
        "Another library's default format.",
        accepted(mapping("createdAt", _as_in_mail)),
        "tl.responses.created-at",
    ),
    fault(
        "created-at-with-a-space",
        "Times have a space in place of the T.",
        "The database's format.",
        lambda r: replace(r, timestamp=lambda seconds: iso_milliseconds(seconds).replace("T", " ")),
        "tl.responses.created-at",
    ),
    fault(
        "created-at-of-the-epoch",
        "createdAt is the first second of 1970.",
        "The field is filled in after the answer is made.",
        accepted(setting(createdAt=iso_milliseconds(0))),
        "tl.responses.created-at-day",
    ),
    fault(
        "sent-at-absent",
        "A sent message has no sentAt.",
        "The time is written by a later job.",
        accepted(without("sentAt")),
        "tl.responses.sent-at-present",
    ),
    fault(
        "sent-at-null",
        "A sent message has sentAt: null.",
        "The time is written by a later job.",
        accepted(when(lambda d: not failed(d), setting(sentAt=None))),
        "tl.responses.sent-at-present",
    ),
    fault(
        "error-message-null",
        "A sent message has errorMessage: null.",
        "A serializer that writes every member of the model.",
        accepted(when(lambda d: not failed(d), setting(errorMessage=None))),
        "tl.responses.error-message-null",
    ),
    fault(
        "body-composed",
        "The body is echoed in Unicode's composed form.",
        "A database that normalizes what it stores.",
        accepted(mapping("body", lambda body: unicodedata.normalize("NFC", body))),
        "tl.responses.body-exact",
    ),
    fault(
        "body-without-backslashes",
        "Backslashes are taken out of the body.",
        "An unescaping step that runs once too often.",
        accepted(mapping("body", lambda body: body.replace("\\", ""))),
        "tl.responses.body-echo",
    ),
    fault(
        "body-plus-as-space",
        "A plus sign is echoed as a space.",
        "The text passes through a form.",
        accepted(mapping("body", lambda body: body.replace("+", " "))),
        "tl.responses.body-echo",
    ),
    fault(
        "id-null",
        "id is null.",
        "The identifier is given by a later job.",
        accepted(setting(id=None)),
        "tl.responses.id",
    ),
    fault(
        "ids-repeat-rarely",
        "Every eighth message has the id of the one before.",
        "A generator seeded with the time, in several workers.",
        _rarely_repeated_ids,
        "tl.responses.id-unique",
    ),
    fault(
        "mms-answered-202",
        "An MMS is answered 202.",
        "The media is fetched later.",
        lambda r: replace(
            r, accepted_status=lambda record: 202 if record.message.media_url and not record.error_type else 201
        ),
        "tl.responses.status-201",
    ),
    fault(
        "answer-in-an-array",
        "An accepted message is answered with a list.",
        "The bulk operation's serializer.",
        lambda r: replace(
            r, http=replace(r.http, after=(*r.http.after, on_status(lambda s: s < 300, with_document(_listed))))
        ),
        "tl.responses.json-object",
    ),
    fault(
        "sent-at-epoch",
        "sentAt is a number.",
        "The provider's time is passed through.",
        accepted(mapping("sentAt", lambda text: datetime.fromisoformat(text).timestamp())),
        "tl.responses.sent-at",
    ),
    fault(
        "id-absent",
        "Answers have no id.",
        "The identifier is given by a later job.",
        accepted(without("id")),
        "tl.responses.id",
    ),
    fault(
        "direction-absent",
        "Answers have no direction.",
        "A model for lists leaves it out.",
        accepted(without("direction")),
        "tl.responses.direction",
    ),
    fault(
        "status-absent",
        "Answers have no status while a message is under way.",
        "The status is known only later.",
        accepted(when(lambda d: not failed(d), without("status", "sentAt"))),
        "tl.responses.status",
    ),
    fault(
        "created-at-absent",
        "Answers have no createdAt.",
        "A default of the database is not read back.",
        accepted(without("createdAt")),
        "tl.responses.created-at",
    ),
    fault(
        "to-is-a-number",
        "to is a number.",
        "A column of numbers.",
        accepted(mapping("to", lambda number: int(number.removeprefix("+")))),
        "tl.responses.to",
    ),
    fault(
        "from-is-a-number",
        "from is a number.",
        "A column of numbers.",
        accepted(mapping("from", lambda number: int(number.removeprefix("+")))),
        "tl.responses.from",
    ),
    fault(
        "sent-with-200",
        "A message that has not failed is answered 200.",
        "The framework's default, but for what is recorded as failed.",
        lambda r: replace(r, accepted_status=lambda record: 201 if record.error_type else 200),
        "tl.responses.status-201",
    ),
    fault(
        "error-type-none",
        "A sent message has the errorType none, and an empty errorMessage.",
        "The enumeration has a member for no error.",
        accepted(when(lambda d: not failed(d), setting(errorType="none", errorMessage=""))),
        "tl.responses.error-type-absent",
    ),
    fault(
        "error-message-empty",
        "A sent message has an empty errorMessage.",
        "A column that is not nullable.",
        accepted(when(lambda d: not failed(d), setting(errorMessage=""))),
        "tl.responses.error-message-absent",
    ),
    fault(
        "sent-at-of-the-epoch",
        "sentAt is the first second of 1970.",
        "The time of the provider's answer is not there yet.",
        accepted(when(lambda d: not failed(d), setting(sentAt=iso_milliseconds(0)))),
        "tl.responses.sent-at-day",
    ),
    fault(
        "sent-at-ahead",
        "sentAt is ten minutes ahead.",
        "The provider's clock.",
        accepted(mapping("sentAt", lambda text: iso_milliseconds(datetime.fromisoformat(text).timestamp() + 600))),
        "tl.responses.sent-at-now",
    ),
    fault(
        "body-kept-from-before",
        "An MMS without body is answered with a text.",
        "A template that is filled in from the message before.",
        accepted(mapping("body", lambda body: body or "See the picture")),
        "tl.responses.body-echo",
    ),
)
