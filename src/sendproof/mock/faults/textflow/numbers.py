"""Faults of TextFlow: spellings of numbers."""

import re
from dataclasses import replace
from typing import Final

from sendproof.mock.accounts import DEFAULT_SENDER
from sendproof.mock.faults.edits import setting
from sendproof.mock.faults.fault_model import Change
from sendproof.mock.faults.textflow.kit import (
    data,
    echoing,
    fault,
    numbers,
    refusing,
    with_step,
)
from sendproof.mock.textflow import (
    Attempt,
    Rules,
    Service,
    normalize,
    sender_is_active,
)


def _echoed_sender(pattern: str) -> Change[Rules]:
    """Answer with a sender as it was given, where its spelling matches."""

    def remember(service: Service, attempt: Attempt) -> None:
        given = attempt.document.get("from")
        if isinstance(given, str) and re.fullmatch(pattern, given):
            attempt.sender = given

    return with_step(sender_is_active, remember)


def _last_named_stays(rules: Rules) -> Rules:
    """Send a message without a sender from the number that the key named last."""
    last: dict[str, str] = {}

    def remember(service: Service, attempt: Attempt) -> None:
        if "from" in attempt.document:
            last[attempt.key.value] = attempt.sender
        attempt.sender = last.get(attempt.key.value, attempt.sender)

    return with_step(sender_is_active, remember)(rules)


FAULTS: Final = (
    fault(
        "ten-digits-echoed",
        "Ten digits are accepted and not normalized.",
        "Normalization happens behind the API.",
        numbers(echoing(r"[0-9]{10}")),
        "tf.normalization.to-ten-digits",
    ),
    fault(
        "eleven-digits-echoed",
        "Eleven digits are accepted and not normalized.",
        "A test of the first digit stands in for one of the plus sign.",
        numbers(echoing(r"1[0-9]{10}")),
        "tf.normalization.to-eleven-digits",
    ),
    fault(
        "parentheses-refused",
        "A number in parentheses is refused.",
        "The filter knows only hyphens and spaces.",
        numbers(refusing(r"[()]")),
        "tf.normalization.to-formatted",
    ),
    fault(
        "hyphens-refused",
        "A number with hyphens is refused.",
        "The filter knows only spaces and parentheses.",
        numbers(refusing("-")),
        "tf.normalization.to-formatted",
    ),
    fault(
        "spaces-refused",
        "A number with spaces is refused.",
        "The filter knows only punctuation.",
        numbers(refusing(" ")),
        "tf.normalization.to-formatted",
    ),
    fault(
        "e164-refused",
        "A number in E.164 is refused.",
        "The length is checked before the plus sign is removed.",
        numbers(refusing(r"^\+")),
        "tf.normalization.to-e164",
    ),
    fault(
        "sender-not-normalized",
        "from is accepted in E.164 only.",
        "Normalization was written for the recipient.",
        lambda r: replace(r, normalize_sender=refusing(r"^[^+]")),
        "tf.normalization.from-eleven-digits",
        "tf.normalization.from-ten-digits",
    ),
    fault(
        "sender-ignored",
        "from is read and the default used.",
        "A feature of a larger plan, ignored silently.",
        data(setting(**{"from": DEFAULT_SENDER})),
        "tf.normalization.from-e164",
    ),
    fault(
        "sender-named-last-stays",
        "A message without from goes out from the number that was named last.",
        "A form's remembered value.",
        _last_named_stays,
        "tf.responses.from-default",
    ),
    fault(
        "to-as-given",
        "data.to is what was sent.",
        "The request is echoed instead of the record.",
        lambda r: replace(r, normalize=lambda spelling: spelling if normalize(spelling) else None),
        "tf.normalization.to-eleven-digits",
        "tf.normalization.to-ten-digits",
    ),
    fault(
        "sender-in-parentheses-refused",
        "A from in parentheses is refused.",
        "The filter knows only hyphens and spaces.",
        lambda r: replace(r, normalize_sender=refusing(r"[()]")),
        "tf.normalization.from-formatted",
    ),
    fault(
        "one-before-parentheses-refused",
        "A number in parentheses with a 1 before it is refused.",
        "The pattern for formatted numbers begins with the parenthesis.",
        numbers(refusing(r"^1 \(")),
        "tf.normalization.to-formatted-eleven-digits",
    ),
    fault(
        "one-before-parentheses-echoed",
        "A number in parentheses with a 1 before it is accepted and not normalized.",
        "The pattern for formatted numbers begins with the parenthesis.",
        numbers(echoing(r"1 \(.*")),
        "tf.normalization.to-formatted-eleven-digits",
    ),
    fault(
        "sender-with-one-before-parentheses-refused",
        "A from in parentheses with a 1 before it is refused.",
        "The pattern for formatted numbers begins with the parenthesis.",
        lambda r: replace(r, normalize_sender=refusing(r"^1 \(")),
        "tf.normalization.from-formatted-eleven-digits",
    ),
    fault(
        "one-twice",
        "Eleven digits are given another country code.",
        "The prefix is added without a look at the length.",
        numbers(lambda text: f"+1{text}" if re.fullmatch(r"1[0-9]{10}", text) else normalize(text)),
        "tf.normalization.to-eleven-digits",
    ),
    fault(
        "sender-of-ten-digits-echoed",
        "A from of ten digits is accepted and not normalized.",
        "Normalization happens behind the API.",
        _echoed_sender(r"[0-9]{10}"),
        "tf.normalization.from-ten-digits",
    ),
    fault(
        "sender-of-eleven-digits-echoed",
        "A from of eleven digits is accepted and not normalized.",
        "Normalization happens behind the API.",
        _echoed_sender(r"1[0-9]{10}"),
        "tf.normalization.from-eleven-digits",
    ),
)
