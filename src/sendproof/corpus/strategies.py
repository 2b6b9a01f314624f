"""Strategies for what a schema cannot know: scripts, lengths, segment edges, spellings of numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.corpus.engine import draw as draw_examples
from sendproof.corpus.families_texts import ruler
from sendproof.corpus.families_texts import segment_edges as edges_of
from sendproof.corpus.message_builder import NONCE, OMIT, MessageBuilder, media_token
from sendproof.corpus.tokens import MARK, token

_GSM7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENSION = "^{}\\[~]|€"
_EMOJI = "😀😂🥳🚀🎉🌍🔥🎵🍀🐙🦊🧩"
_MIXED = (_GSM7, _GSM7 + _GSM7_EXTENSION, _EMOJI, _GSM7 + _EMOJI, "aeiou\u0301\u0308\u0302 ")
_RANGES: tuple[tuple[int, int], ...] = (
    (0x20, 0x7E),
    (0xA1, 0x24F),
    (0x370, 0x3FF),
    (0x400, 0x45F),
    (0x5D0, 0x5EA),
    (0x620, 0x64A),
    (0x904, 0x939),
    (0xE01, 0xE30),
    (0x3041, 0x30FF),
    (0x4E00, 0x9FA5),
    (0xAC00, 0xD7A3),
    (0x1D400, 0x1D454),
)
"""Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, kana, Han, Hangul, letters beyond the BMP."""
_CUTS = (1, 20, 70, 160, 320, 640)
"""Lengths are drawn evenly from between these and the limit: left alone, long texts hardly ever come up."""


def alphabets() -> SearchStrategy[SearchStrategy[str]]:
    """Draw an alphabet: one script, GSM-7 with or without its extension, emoji, or letters with marks."""
    scripts = [_script(first, last) for first, last in _RANGES]
    return st.sampled_from([*scripts, *map(st.sampled_from, _MIXED)])


def _script(first: int, last: int) -> SearchStrategy[str]:
    """Draw a character between two code points, neither a control nor unassigned."""
    return st.characters(min_codepoint=first, max_codepoint=last, exclude_categories=["C"])


def lengths(max_length: int) -> SearchStrategy[int]:
    """Draw a length up to a limit: long ones, and the limit itself, as often as short ones."""
    cuts = [cut for cut in _CUTS if cut < max_length] + [max_length]
    bands = [st.integers(low, high) for low, high in pairwise(cuts)]
    return st.one_of(*bands, st.just(max_length)) if bands else st.just(max_length)


@st.composite
def texts(draw: DrawFn, max_length: int) -> str:
    """Draw a text that is within `max_length` however its characters are counted, and not blank."""
    alphabet, length = draw(alphabets()), draw(lengths(max_length))
    text = draw(st.text(alphabet, min_size=length, max_size=length))
    text = _within(text, max_length).replace(MARK.decode(), "@(")
    return text if text.strip() else "x"


def _within(text: str, max_length: int) -> str:
    """Return `text` cut to a length in UTF-16 code units, the largest reading of "characters"."""
    if len(text) * 2 <= max_length or len(text.encode("utf-16-le")) // 2 <= max_length:
        return text
    return text[: max_length // 2]


def segment_edges(max_length: int) -> SearchStrategy[str]:
    """Draw a text that just fills its segments, or needs one more for its last character."""
    names = ("ascii", "gsm7", "cyrillic", "cjk")
    return st.sampled_from([ruler(name, edge) for name in names for edge in edges_of(name, max_length)])


def spellings(number: str, names: tuple[str, ...]) -> SearchStrategy[str]:
    """Draw the token of a number ("recipient", "sender2", ...) in one of the named spellings."""
    return st.sampled_from([token(number, name) for name in names])


@st.composite
def messages(draw: DrawFn, provider: Provider) -> dict[str, Any]:
    """Draw a message, by role, that a provider must accept: any spelling, any optional field, any text."""
    message: dict[str, Any] = {
        "recipient": draw(spellings(draw(st.sampled_from(("recipient", "recipient2"))), provider.spellings)),
        "sender": draw(spellings(draw(st.sampled_from(("sender", "sender2"))), provider.spellings)),
        "text": draw(texts(provider.max_length) | segment_edges(provider.max_length)),
        "media": media_token(provider),
        "idempotency": NONCE,
    }
    left_out = {role for role in sorted(provider.optional) if draw(st.booleans())}
    return {role: OMIT if role in left_out else value for role, value in message.items()}


def generated_cases(provider: Provider, *, seed: int, max_examples: int) -> Iterator[Case]:
    """Yield the cases of the strategies: `texts-generated` and `messages-generated`."""
    draft = MessageBuilder(provider=provider, family="texts-generated")
    drawn = draw_examples(texts(provider.max_length), label="texts", seed=seed, max_examples=max_examples)
    for text in drawn:
        yield draft.case(digest(text), draft.message(text=text))
    draft = MessageBuilder(provider=provider, family="messages-generated")
    for roles in draw_examples(messages(provider), label="messages", seed=seed, max_examples=max_examples):
        yield draft.case(digest(repr(roles)), draft.message(**roles))


def digest(content: str) -> str:
    """Return a name for generated content that stays the same wherever in the stream it comes up."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:10]
