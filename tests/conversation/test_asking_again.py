"""Of a text that is refused, the smallest part that still is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.conversation.asking_again import MOST_PARTS, halves, narrowed, text_of, with_text
from sendproof.corpus.case import Case
from tests.target.support import PROVIDERS

FLOW = PROVIDERS["textflow"]
FAMILY = "👩\u200d👩\u200d👧\u200d👦"


def case(text: str) -> Case:
    return Case(id="plain.text", family="plain", body=json.dumps({"to": "@{recipient}", "message": text}).encode())


@given(st.text(max_size=60))
def test_halves_are_the_whole_text(text: str) -> None:
    parts = halves(text)
    assert parts == () or (len(parts) == 2 and all(part.strip() for part in parts))
    assert parts == () or text in ("".join(parts), " ".join(parts))


@pytest.mark.parametrize("text", ["x", " ", "", FAMILY, "e\u0301", "🇨🇭", "👍🏽", "1\ufe0f\u20e3"])
def test_what_is_seen_as_one_character_is_not_cut(text: str) -> None:
    assert halves(text) == ()


@pytest.mark.parametrize("culprit", ["مرحبا", "😀", "გამარჯობა"])
def test_word_that_is_refused_is_found(culprit: str) -> None:
    asked: list[str] = []

    def is_refused(part: Case) -> bool:
        asked.append(text_of(FLOW, part))
        return culprit in asked[-1]

    text = f"Grüße Привет {culprit} שלום नमस्ते สวัสดี γειά 안녕"
    found = narrowed(FLOW, case(text), is_refused)
    assert text_of(FLOW, found) == culprit
    assert len(asked) <= MOST_PARTS
    assert json.loads(found.body)["to"] == "@{recipient}"


def test_text_of_which_every_part_passes_is_refused_as_a_whole() -> None:
    whole = case("一" * 1600)
    assert narrowed(FLOW, whole, lambda part: len(text_of(FLOW, part)) > 1500) == whole


def test_narrowing_ends_where_no_more_can_be_asked() -> None:
    whole = case("one two three four")
    assert narrowed(FLOW, whole, lambda part: None) == whole


def test_body_that_is_no_message_has_no_text() -> None:
    for body in (b"[1]", b"{", b'{"message": 5}', b"[" * 100_000):
        assert text_of(FLOW, Case(id="c", family="f", body=body)) == ""


def test_part_has_an_id_of_its_own_once() -> None:
    part = with_text(FLOW, with_text(FLOW, case("a b"), "a"), "b")
    assert (part.id, text_of(FLOW, part)) == ("plain.text-part", "b")
