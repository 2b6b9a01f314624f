"""Narrowing: of a text that is refused, the smallest part that still is, by halves."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.corpus.message_builder import compact

# So many parts of one text are asked for.
MOST_PARTS = 8
_JOINER = "\u200d"


def narrowed(provider: Provider, case: Case, is_refused: Callable[[Case], bool | None]) -> Case:
    """Return the case of the smallest part of its text that is still refused, or the case itself.

    `is_refused` asks for one part; None tells that no more can be asked.
    """
    smallest, asked = case, 0
    while (parts := halves(text_of(provider, smallest))) and asked + len(parts) <= MOST_PARTS:
        for part in parts:
            other = with_text(provider, case, part)
            found = is_refused(other)
            asked += 1
            if found is None:
                return smallest
            if found:
                smallest = other
                break
        else:
            return smallest
    return smallest


def text_of(provider: Provider, case: Case) -> str:
    """Return the text of a message, empty for what is no message."""
    try:
        message = json.loads(case.body)
    except (ValueError, RecursionError):
        return ""
    text = message.get(provider.fields["text"]) if isinstance(message, dict) else None
    return text if isinstance(text, str) else ""


def with_text(provider: Provider, case: Case, text: str) -> Case:
    """Return the case of a message with another text."""
    message = {**json.loads(case.body), provider.fields["text"]: text}
    return replace(case, id=f"{case.id.removesuffix(_PART)}{_PART}", body=compact(message))


_PART = "-part"


def halves(text: str) -> tuple[str, ...]:
    """Return a text in two, between words if it has any, and never within what is seen as one character."""
    words = text.split(" ")
    if len(words) > 1:
        middle = len(words) // 2
        parts = (" ".join(words[:middle]), " ".join(words[middle:]))
    else:
        middle = next((place for place in range(len(text) // 2, 0, -1) if _may_be_cut(text, place)), 0)
        parts = (text[:middle], text[middle:])
    return parts if all(part.strip() for part in parts) else ()


def _may_be_cut(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    joined = _JOINER in (before, after) or unicodedata.category(after) in ("Mn", "Mc", "Me", "Cf", "Sk")
    return not joined and not ("\U0001f1e6" <= after <= "\U0001f1ff")
