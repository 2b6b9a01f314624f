"""Every example valid, every boundary reached."""

from __future__ import annotations

import json
import unicodedata

import pytest

from sendproof.corpus.case import SPELLINGS, is_dialable, spelled, substitute, tokens_in
from sendproof.corpus.families_messages import ruler, segment_edges
from sendproof.corpus.generated_cases import draw_examples, lengths, messages, spellings, texts
from sendproof.corpus.generated_cases import segment_edges as edges
from sendproof.corpus.message_builder import MessageBuilder, compact


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("max_length", [1, 2, 40, 640, 1600])
def test_texts_are_never_blank_nor_too_long(max_length):
    for text in draw_examples(texts(max_length), label="texts", seed=3, max_examples=60):
        assert text.strip()
        assert _utf16_units(text) <= max_length
        assert "@{" not in text
        assert not [char for char in text if unicodedata.category(char) in ("Cn", "Co", "Cs")]


def test_texts_spread_over_scripts_and_lengths():
    drawn = draw_examples(texts(1600), label="texts", seed=3, max_examples=100)
    scripts = {unicodedata.name(text[0], "?").split(" ")[0] for text in drawn}

    assert {"LATIN", "CJK", "HANGUL", "ARABIC", "CYRILLIC", "GREEK"} <= scripts
    assert any(char > "\uffff" for text in drawn for char in text)
    assert any(unicodedata.combining(char) for text in drawn for char in text)
    for low, high in ((1, 70), (71, 160), (161, 640), (641, 1599), (1600, 1600)):
        assert any(low <= len(text) <= high for text in drawn), (low, high)


def test_lengths_reach_both_ends():
    drawn = draw_examples(lengths(640), label="lengths", seed=1, max_examples=300)
    assert min(drawn) <= 3
    assert max(drawn) == 640


def test_segment_edges_reach_every_edge():
    drawn = {len(text) for text in draw_examples(edges(1600), label="edges", seed=1, max_examples=800)}
    assert drawn == {edge for name in ("ascii", "cyrillic") for edge in segment_edges(name, 1600)}


def test_rulers_have_the_length_asked_for():
    assert ruler("ascii", 27) == "abcdefghijklmnopqrstuvwxyab"
    assert {len(ruler(name, 161)) for name in ("gsm7", "cyrillic", "cjk", "emoji", "combined")} == {161}


def test_spellings_are_tokens_of_every_spelling():
    drawn = set(draw_examples(spellings("sender2", ("e164", "ten_digits")), label="s", seed=1, max_examples=30))
    assert drawn == {"@{sender2}", "@{sender2.ten_digits}"}


def test_messages_are_valid_and_use_every_field(contract):
    drawn = draw_examples(messages(contract.provider), label="messages", seed=2, max_examples=60)
    draft = MessageBuilder(provider=contract.provider, family="x")
    fields = set()
    for roles in drawn:
        values = {"recipient": "+12025550171", "sender": "+12025550181", "nonce": "aB3" * 8}

        def value_of(name, values=values):
            if name.startswith("fixture."):
                return "https://example.com/images/promo.jpg"
            number, _, spelling = name.partition(".")
            known = values.get(number.rstrip("2"))
            return spelled(known, spelling or "e164") if number != "nonce" else known

        message = json.loads(substitute(compact(draft.message(**roles)), value_of))
        broken = contract.request.breaches(message)
        assert not [b for b in broken if contract.clauses[b.clause].level != "open"], message
        fields.update(message)
    assert fields == set(contract.provider.fields.values())


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spelled_writes_one_number_in_each_way(spelling):
    expected = {
        "e164": "+12025550171",
        "eleven_digits": "12025550171",
        "ten_digits": "2025550171",
        "formatted": "(202) 555-0171",
        "formatted_eleven_digits": "1 (202) 555-0171",
    }
    assert spelled("+12025550171", spelling) == expected[spelling]


def test_substitute_escapes_as_json_does():
    body = substitute(b'{"a":"@{fixture.text}","b":"@{}","c":"@ {x}"}', {"fixture.text": 'say "é"\n'}.__getitem__)
    assert json.loads(body) == {"a": 'say "é"\n', "b": "@{}", "c": "@ {x}"}
    assert tokens_in(b"@{sender.b}@{nonce}@{c}") == ("sender.b", "nonce")


@pytest.mark.parametrize("value", ["911", "+1 2", 112, ["1", {"2": "3"}], "٩١١", "９１１"])
def test_is_dialable_counts_digits_of_any_script(value):
    assert is_dialable(value) == (value != "+1 2")
