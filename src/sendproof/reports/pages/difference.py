"""What differs between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import takewhile

from sendproof.reports.text import visible

Pieces = tuple[tuple[str, bool], ...]
"""Pieces of a text in order, each with whether the other text lacks it."""

_LONGEST_TEXT = 2000
# SequenceMatcher takes up to the third power of the words: 54 s for two texts of 2,000 characters, measured. A message
# of ten segments has some 300 words and blanks, which take less than a fifth of a second at worst.
_MOST_PAIRS = 300 * 300
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def differing(expected: str, observed: str) -> tuple[Pieces, Pieces]:
    """Return both texts in pieces, with what is not in the other one marked; both are made visible and cut.

    Where they have no word in common, what was observed is marked, and what was expected is not.
    """
    left, right = (_WORDS.findall(visible(text, _LONGEST_TEXT)) for text in (expected, observed))
    if not {word for word in left if word.isalnum()}.intersection(right):
        return ((("".join(left), False),) if left else ()), ((("".join(right), True),) if right else ())
    blocks = _blocks(left, right)
    return (
        _joined((("".join(left[a:b]), kind != "equal") for kind, a, b, _, _ in blocks)),
        _joined((("".join(right[c:d]), kind != "equal") for kind, _, _, c, d in blocks)),
    )


def _blocks(left: list[str], right: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Return what is equal and what is not as `SequenceMatcher` does; of many words, the two ends that are equal."""
    if len(left) * len(right) <= _MOST_PAIRS:
        return list(SequenceMatcher(None, left, right, autojunk=False).get_opcodes())
    start = _common(left, right)
    end = _common(left[start:][::-1], right[start:][::-1])
    one, other = len(left) - end, len(right) - end
    return [
        ("equal", 0, start, 0, start),
        ("replace", start, one, start, other),
        ("equal", one, len(left), other, len(right)),
    ]


def _common(left: Iterable[str], right: Iterable[str]) -> int:
    """Return how many words two texts have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


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
