from __future__ import annotations

import pytest

from sendproof.reports.markdown import code, fenced, prose
from sendproof.reports.text import is_plain, visible

from .support import HOSTILE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 世界 😀", "Grüße, 世界 😀"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("a\r\n\tb", "a\\r\\n\\tb"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\u200b\ufeff\u00ad", "\\u200b\\ufeff\\xad"),
        ("\u2028\u00a0", "\\u2028\\xa0"),
        ("\ud800\udc80", "\\ud800\\udc80"),
        ("\U000e0041\ufe0f\u3164", "\\U000e0041\\ufe0f\\u3164"),
        ("\ue000", "\\ue000"),
    ],
    ids=["plain", "escape", "controls", "lines", "bidi", "zero width", "spaces", "surrogates", "ignorable", "private"],
)
def test_visible_shows_what_cannot_be_seen(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert is_plain(shown)


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abcd\x1bz", 6, "abcd…"),
        ("abcdef\x1b", 6, "abcde…"),
        ("\x1b\x1b", 4, "…"),
        ("\n\n", 4, "\\n\\n"),
        ("abc", 0, "…"),
    ],
)
def test_visible_shortens_between_escapes(text: str, limit: int, shown: str) -> None:
    assert visible(text, limit) == shown


def test_visible_without_a_limit_keeps_all() -> None:
    assert visible("a" * 10_000 + "\n", None) == "a" * 10_000 + "\\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>&", "&lt;b&gt;&amp;"),
        ("[a](b) *c* _d_ `e` |f|", "\\[a\\](b) \\*c\\* \\_d\\_ \\`e\\` \\|f\\|"),
        ("http://a.b www.a.b @who #1", "http\\://a.b www\\.a.b \\@who \\#1"),
    ],
    ids=["html", "markup", "links"],
)
def test_prose_interprets_nothing(text: str, shown: str) -> None:
    assert prose(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("a`b``c", "```a`b``c```"),
        ("`a`", "`` `a` ``"),
        (" a ", "`  a  `"),
        ("", "(empty)"),
        ("  ", "(2 spaces)"),
        ("a\nb", "`a\\nb`"),
    ],
)
def test_code_span_cannot_be_left(text: str, shown: str) -> None:
    assert code(text) == shown


def test_fence_is_longer_than_any_in_the_text() -> None:
    assert fenced("a ````` b", "sh") == "``````sh\na ````` b\n``````"
    assert len(fenced(HOSTILE).splitlines()) == 3
