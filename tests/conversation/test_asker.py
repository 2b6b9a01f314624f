"""Which messages get an idempotency key, and from when on."""

from __future__ import annotations

import pytest

from sendproof.conversation.asker import Keys
from sendproof.corpus.case import Case
from tests.conversation.support import answer, case
from tests.target.support import PROVIDERS


def test_keys_are_given_once_the_target_takes_them() -> None:
    keys = Keys(PROVIDERS["textingline"])
    assert keys.applied(case()).body == case().body
    keys.note(case(body=b'{"idempotencyKey":"a"}'), answer(201))
    assert keys.applied(case()).body == b'{"to":"@{recipient}","body":"hi","idempotencyKey":"@{nonce}"}'


@pytest.mark.parametrize(
    "other",
    [
        case(expects="refuse"),
        case(family="json_forms"),
        case(body=b'{"to":"1","idempotencyKey":"x"}'),
        case(body=b'{"to":"1"} '),
        case(body=b'["a"}'),
    ],
    ids=["refused", "of bytes", "has one", "with white space", "no object"],
)
def test_keys_are_given_to_plain_messages_alone(other: Case) -> None:
    keys = Keys(PROVIDERS["textingline"])
    keys.note(case(body=b'{"idempotencyKey":"a"}'), answer(201))
    assert keys.applied(other) == other


def test_provider_without_idempotency_gets_no_keys() -> None:
    keys = Keys(PROVIDERS["textflow"])
    keys.note(case(body=b'{"idempotencyKey":"a"}'), answer(201))
    assert keys.applied(case()) == case()
