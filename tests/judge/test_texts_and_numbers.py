"""What is said of a text that came back changed."""

from __future__ import annotations

import html
import unicodedata

import pytest

from sendproof.judge.texts_and_numbers import difference, is_same_text

CHANGES = [
    ("caf\u00e9", "caf\u00c3\u00a9", "from character 4 U+00E9 became U+00C3 U+00A9, perhaps UTF-8 read as Latin-1"),
    ("a\u20acb", "a?b", "from character 2 U+20AC became U+003F, perhaps Latin-1 in between"),
    ("<b>", html.escape("<b>"), "from character 1 U+003C U+0062 U+003E became U+0026 U+006C U+0074 U+003B"),
    ("abcdef", "abc", "from character 4 U+0064 U+0065 U+0066 became nothing, perhaps cut"),
    (" a", "a", "from character 1 U+0020 became nothing, perhaps outer white space taken off"),
    ("e\u0301", "\u00e9", "from character 1 U+0065 U+0301 became U+00E9, perhaps another Unicode form (NFC)"),
    ("a\nb", "a b", "from character 2 U+000A became U+0020, perhaps line breaks or spaces folded"),
    ("abc", "abd", "from character 3 U+0063 became U+0064"),
]


@pytest.mark.parametrize(("sent", "got", "words"), CHANGES, ids=[words[-24:] for *_, words in CHANGES])
def test_difference_names_place_code_points_and_cause(sent: str, got: str, words: str) -> None:
    assert difference(sent, got).startswith(words)


def test_long_difference_is_shortened() -> None:
    assert difference("x" * 500, "y" * 500) == (
        "from character 1 U+0078 U+0078 U+0078 U+0078 U+0078 U+0078 and 494 more "
        "became U+0079 U+0079 U+0079 U+0079 U+0079 U+0079 and 494 more"
    )


def test_unicode_form_and_outer_white_space_leave_a_text_the_same() -> None:
    text = "cafe\u0301 one"
    assert is_same_text(text, unicodedata.normalize("NFC", f" {text}\n"))
    assert not is_same_text(text, text.replace(" ", ""))
    assert not is_same_text("\ufb01", "fi")
