"""What differs between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from sendproof.reporting.text import visible

Pieces = tuple[tuple[str, bool], ...]
"""Pieces of a text in order, each with whether the other text lacks it."""

_LONGEST_TEXT = 2000
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def differing(expected: str, observed: str) -> tuple[Pieces, Pieces]:
    """Return both texts in pieces, with what is not in the other one marked; both are made visible and cut.

    Where they have no word in common, what was observed is marked, and what was expected is not.
    """
    left, right = (_WORDS.findall(visible(text, _LONGEST_TEXT)) for text in (expected, observed))
    if not {word for word in left if word.isalnum()}.intersection(right):
        return ((("".join(left), False),) if left else ()), ((("".join(right), True),) if right else ())
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return (
        _joined((("".join(left[a:b]), kind != "equal") for kind, a, b, _, _ in blocks)),
        _joined((("".join(right[c:d]), kind != "equal") for kind, _, _, c, d in blocks)),
    )


def _joined(pieces: Iterator[tuple[str, bool]]) -> Pieces:
    """Join marks that only a space keeps apart: single letters that happen to agree explain nothing."""
    joined: list[tuple[str, bool]] = []
    for text, marked in pieces:
        if not text:
            continue
        if marked and len(joined) > 1 and joined[-2][1] and not joined[-1][0].strip():
            between, _ = joined.pop()
            before, _ = joined.pop()
            joined.append((before + between + text, True))
        else:
            joined.append((text, marked))
    return tuple(joined)
