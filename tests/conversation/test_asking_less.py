"""What is asked no more, what is waited for, which open cases are asked, and who gets an idempotency key."""

from __future__ import annotations

import pytest

from sendproof.conversation.breaker import ENOUGH_ACCEPTED, ENOUGH_FAILED, Breakers
from sendproof.conversation.keys import Keys
from sendproof.conversation.retry_policy import LOST_IN_A_ROW, RetryPolicy
from sendproof.conversation.selection import Slots, open_cases
from sendproof.corpus.case import Case
from sendproof.exchange import Credential, Exchange, Request, Response, TransportFailure
from tests.target.support import PROVIDERS


def case(name: str = "c", expects: str = "accept", **more: object) -> Case:
    given = {"family": "f", "body": b'{"to":"@{recipient}","body":"hi"}', "may_be_accepted": expects != "refuse"}
    return Case(id=name, expects=expects, **{**given, **more})  # type: ignore[arg-type]  # fields of a case


def answer(status: int | None, *headers: tuple[str, str]) -> Exchange:
    return Exchange(
        id="x1",
        request=Request(method="POST", path="/"),
        response=None if status is None else Response(status=status, headers=headers),
        credential=Credential(),
        started_s=0.0,
        elapsed_s=0.1,
        failure=TransportFailure.DROPPED if status is None else None,
    )


def test_clause_that_does_not_keep_anything_out_is_asked_no_more() -> None:
    breakers, wrong = Breakers(PROVIDERS["textingline"]), case(expects="refuse", breaks=("tl.a",))
    for _ in range(ENOUGH_ACCEPTED):
        assert not breakers.holds_back(wrong)
        breakers.note(wrong, answer(201))
    assert breakers.holds_back(wrong)
    assert not breakers.holds_back(case(expects="refuse", breaks=("tl.b",)))
    assert breakers.told() == (f"tl.a: {ENOUGH_ACCEPTED} requests that break it were accepted: 1 more are not asked",)


def test_family_that_always_fails_is_asked_no_more() -> None:
    breakers = Breakers(PROVIDERS["textingline"])
    for _ in range(ENOUGH_FAILED):
        assert not breakers.holds_back(case())
        breakers.note(case(), answer(500))
    assert breakers.holds_back(case())
    assert not breakers.holds_back(case(family="another"))


def test_family_that_is_answered_between_is_asked_on() -> None:
    breakers = Breakers(PROVIDERS["textingline"])
    for status in (500,) * (ENOUGH_FAILED - 1) + (400,) + (500,) * (ENOUGH_FAILED - 1):
        breakers.note(case(), answer(status))
    assert not breakers.holds_back(case())


class Waits(list[float]):
    """Keeps how long was waited, and lets no time pass."""

    def __call__(self, seconds: float, why: str) -> None:
        self.append(seconds)


def test_gateway_is_waited_for_a_minute_in_all() -> None:
    waits = Waits()
    retry_policy = RetryPolicy(waits, 60.0)
    for _ in range(30):
        retry_policy.wait_for_gateway(answer(503, ("Retry-After", "86400")))
    assert waits == [10.0] * 6


def test_throttling_is_waited_for_ten_times() -> None:
    waits = Waits()
    retry_policy = RetryPolicy(waits, 42.0)
    assert [retry_policy.waited_for_throttling(answer(429)) for _ in range(12)] == [True] * 10 + [False] * 2
    assert waits == [42.0] * 10


def test_outage_is_waited_for_and_then_given_up() -> None:
    waits = Waits()
    retry_policy = RetryPolicy(waits, 60.0)
    assert not retry_policy.is_at_an_end(answer(201))
    assert [retry_policy.is_at_an_end(answer(None)) for _ in range(LOST_IN_A_ROW)] == [False] * (LOST_IN_A_ROW - 1) + [
        True
    ]
    assert waits == sorted(waits)
    assert 1 < sum(waits) < 30


def test_target_that_never_answered_is_not_waited_for() -> None:
    waits = Waits()
    retry_policy = RetryPolicy(waits, 60.0)
    assert any(retry_policy.is_at_an_end(answer(None)) for _ in range(LOST_IN_A_ROW))
    assert waits == []


def test_open_cases_tell_first_of_each_clause() -> None:
    cases = [case(f"{clause}{number}", "either", doubts=(clause,)) for clause in "ab" for number in range(40)]
    chosen = open_cases(cases, room=12, max_requests=0)
    assert chosen == {"a0", "b0"}


@pytest.mark.parametrize("room", [1, 3, 10, 60, 1000])
def test_slots_never_add_up_to_more_than_there_is_room_for(room: int) -> None:
    slots, taken = Slots(PROVIDERS["textingline"], room), 0
    for item in [case(), case(expects="either", doubts=("a",))] * room:
        if slots.has_room(item):
            slots.note(item, answer(201))
            taken += 1
    assert taken <= room


def test_slot_is_given_back_for_what_is_refused() -> None:
    slots = Slots(PROVIDERS["textingline"], 60)
    left = slots.left
    slots.note(case(), answer(400))
    assert slots.left == left
    slots.note(case(), answer(None))
    assert slots.left == left - 1


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
