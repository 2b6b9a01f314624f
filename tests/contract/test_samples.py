"""Serial numbers of sample texts: no two cases have the same text, and whoever judges does not mind."""

from __future__ import annotations

import pytest

from sendproof.contract.samples import with_serial, without_serial
from sendproof.conversation import scenarios
from sendproof.corpus.message_builder import in_other_words
from tests.judge.support import FLOW, LINE


def test_serial_goes_by_what_it_is_of() -> None:
    one, other = with_serial("Hello.", "a"), with_serial("Hello.", "b")
    assert one == with_serial("Hello.", "a") != other
    assert without_serial(one) == without_serial(other) == "Hello."


def test_serial_takes_the_place_of_another() -> None:
    assert with_serial(with_serial("Hello.", "a"), "b") == with_serial("Hello.", "b")


@pytest.mark.parametrize("text", ["Hello.", "No. 12345", "No. 1234", "Track No. 123", "ends with No. 12a4"])
def test_text_without_a_serial_stays_as_it_is(text: str) -> None:
    assert without_serial(text) == text


@pytest.mark.parametrize("contract", [LINE, FLOW], ids=lambda contract: contract.provider.name)
def test_message_in_other_words_differs_in_its_serial_alone(contract) -> None:
    case = scenarios.message(contract.provider, "main")
    other = in_other_words(contract.provider, case)
    assert other is not None
    assert other.body != case.body
    assert len(other.body) == len(case.body)
    assert in_other_words(contract.provider, other) is not None


def test_text_of_its_own_is_not_put_in_other_words() -> None:
    assert in_other_words(LINE.provider, scenarios.message(LINE.provider, "main", text="Mine.")) is None
