"""What is asked no more, which open cases are asked, and the slots of the budget."""

from __future__ import annotations

import pytest

from sendproof.conversation.plan import ENOUGH_ACCEPTED, ENOUGH_FAILED, Breakers, Slots, open_cases
from tests.conversation.support import answer, case
from tests.target.support import PROVIDERS


def test_clause_that_does_not_keep_anything_out_is_asked_no_more() -> None:
    breakers, wrong = Breakers(PROVIDERS["textingline"]), case(expects="refuse", breaks=("tl.a",))
    for _ in range(ENOUGH_ACCEPTED):
        assert not breakers.holds_back(wrong)
        breakers.note(wrong, answer(201))
    assert breakers.holds_back(wrong)
    assert not breakers.holds_back(case(expects="refuse", breaks=("tl.b",)))
    assert breakers.report() == (f"tl.a: {ENOUGH_ACCEPTED} requests that break it were accepted: 1 more are not asked",)


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


def test_open_cases_tell_first_of_each_clause() -> None:
    cases = [case(f"{clause}{number}", "either", doubts=(clause,)) for clause in "ab" for number in range(40)]
    chosen = open_cases(cases, messages=12, max_requests=0)
    assert chosen == {"a0", "b0"}


@pytest.mark.parametrize("messages", [1, 3, 10, 60, 1000])
def test_slots_never_add_up_to_more_than_there_is_room_for(messages: int) -> None:
    slots, taken = Slots(PROVIDERS["textingline"], messages), 0
    for item in [case(), case(expects="either", doubts=("a",))] * messages:
        if slots.has_room(item):
            slots.note(item, answer(201))
            taken += 1
    assert taken <= messages


def test_slot_is_given_back_for_what_is_refused() -> None:
    slots = Slots(PROVIDERS["textingline"], 60)
    left = slots.left
    slots.note(case(), answer(400))
    assert slots.left == left
    slots.note(case(), answer(None))
    assert slots.left == left - 1
