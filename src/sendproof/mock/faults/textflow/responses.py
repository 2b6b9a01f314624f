"""Faults of TextFlow: the answer to a message."""

import re
from dataclasses import replace
from itertools import count
from typing import Final

from sendproof.mock.accounts import DEFAULT_SENDER, SENDERS
from sendproof.mock.faults.edits import mapping, on_status, renaming, setting, when, with_document, without
from sendproof.mock.faults.textflow.kit import (
    accepted,
    data,
    fault,
    numbers,
)
from sendproof.mock.textflow import (
    Rules,
)


def _digits_as_given(spelling: str) -> str | None:
    digits = re.sub(r"\D", "", spelling)
    return f"+{digits}" if len(digits) in (10, 11) else None


def _repeating_ids(rules: Rules) -> Rules:
    numbers = count(2)
    return replace(rules, message_id=lambda rng, now: f"msg_{int(now)}_{next(numbers) // 2:09}")


def _listed(document: object) -> object:
    return [document]


def _ids_of_a_second(rules: Rules) -> Rules:
    return replace(rules, message_id=lambda rng, now: f"msg_{int(now)}_000000000")


FAULTS: Final = (
    fault(
        "ten-digits-without-country",
        "Ten digits are given only a plus sign.",
        "A library told that numbers are international.",
        numbers(_digits_as_given),
        "tf.normalization.to-ten-digits",
    ),
    fault(
        "default-sender-is-another",
        "Without from, another number of the account is used.",
        "The first row is taken for the default.",
        lambda r: replace(r, default_sender=lambda key: SENDERS[1] if key.default else None),
        "tf.responses.from-default",
    ),
    fault(
        "success-as-text",
        "success is a string.",
        "Form encoding of an older version.",
        lambda r: replace(
            r,
            accepted_edits=(*r.accepted_edits, setting(success="true")),
            refused_edits=(*r.refused_edits, setting(success="false")),
        ),
        "tf.responses.success",
    ),
    fault(
        "data-flattened",
        "The members of data stand beside success.",
        "The version before the envelope.",
        accepted(lambda d: {**without("data")(d), **d["data"]}),
        "tf.responses.data",
    ),
    fault(
        "ids-repeat",
        "Two messages in a row share an id.",
        "Two workers count on their own.",
        _repeating_ids,
        "tf.responses.message-id-unique",
    ),
    fault(
        "id-is-a-number",
        "messageId is a number.",
        "The database's key is exposed.",
        data(mapping("messageId", lambda value: int(value.split("_")[1]))),
        "tf.responses.message-id",
    ),
    fault(
        "id-named-id",
        "The identifier is named id.",
        "The documents were generated from another version.",
        data(renaming(messageId="id")),
        "tf.responses.message-id",
    ),
    fault(
        "to-without-plus",
        "data.to has no plus sign.",
        "A carrier's notation leaks out.",
        data(mapping("to", lambda number: number.removeprefix("+"))),
        "tf.responses.to",
    ),
    fault(
        "from-absent-by-default",
        "data.from is missing when the default is used.",
        "The request is echoed instead of the record.",
        data(when(lambda data: data.get("from") == DEFAULT_SENDER, without("from"))),
        "tf.responses.from",
    ),
    fault(
        "status-unknown-word",
        "status is a word the documents do not have.",
        "The carrier's status is passed through.",
        data(setting(status="submitted")),
        "tf.responses.status",
    ),
    fault(
        "message-absent",
        "Answers have no message.",
        "The text was for a page, and the page is gone.",
        accepted(without("message")),
        "tf.responses.message",
    ),
    fault(
        "message-as-object",
        "message is an object.",
        "A record where its text was meant.",
        accepted(mapping("message", lambda text: {"text": text})),
        "tf.responses.message",
    ),
    fault(
        "success-absent",
        "Answers have no success.",
        "The status code is thought to be enough.",
        accepted(without("success")),
        "tf.responses.success",
    ),
    fault(
        "status-absent",
        "Answers have no status.",
        "The status is known only later.",
        data(without("status")),
        "tf.responses.status",
    ),
    fault(
        "from-null-by-default",
        "data.from is null when the default is used.",
        "The request is echoed instead of the record.",
        data(when(lambda d: d.get("from") == DEFAULT_SENDER, setting(**{"from": None}))),
        "tf.responses.from",
    ),
    fault(
        "to-in-national-form",
        "data.to is written for people.",
        "A formatter for pages is used.",
        data(mapping("to", lambda number: f"({number[2:5]}) {number[5:8]}-{number[8:]}")),
        "tf.responses.to",
    ),
    fault(
        "ids-of-a-second",
        "Messages of one second to one number share an id.",
        "A key made of time and number.",
        _ids_of_a_second,
        "tf.responses.message-id-unique",
    ),
    fault(
        "answer-in-an-array",
        "An accepted message is answered with a list.",
        "The bulk operation's serializer.",
        lambda r: replace(
            r, http=replace(r.http, after=(*r.http.after, on_status(lambda s: s < 300, with_document(_listed))))
        ),
        "tf.responses.json-object",
    ),
    fault(
        "message-blank",
        "message is a space.",
        "Texts are looked up in a table that is not deployed.",
        accepted(setting(message=" ")),
        "tf.responses.message",
    ),
    fault(
        "data-in-an-array",
        "data is a list with the record in it.",
        "The bulk operation's serializer.",
        accepted(mapping("data", lambda record: [record])),
        "tf.responses.data",
    ),
    fault(
        "id-empty",
        "messageId is empty.",
        "The identifier is given by a later job.",
        data(setting(messageId="")),
        "tf.responses.message-id",
    ),
    fault(
        "to-absent",
        "Answers have no data.to.",
        "A model for lists leaves it out.",
        data(without("to")),
        "tf.responses.to",
    ),
    fault(
        "to-is-a-number",
        "data.to is a number.",
        "A column of numbers.",
        data(mapping("to", lambda number: int(number.removeprefix("+")))),
        "tf.responses.to",
    ),
    fault(
        "from-without-plus",
        "data.from has no plus sign.",
        "A carrier's notation leaks out.",
        data(mapping("from", lambda number: number.removeprefix("+"))),
        "tf.responses.from",
    ),
)
