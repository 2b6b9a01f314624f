"""Makes text that a target had a hand in safe to show."""

from __future__ import annotations

from collections.abc import Iterator

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_CUT = "…"
# Characters that print as nothing, though Unicode counts them as letters, marks or symbols (its property
# Default_Ignorable_Code_Point and the Braille blank).
_UNSEEN = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)


def is_plain(text: str) -> bool:
    """Whether a text shows as what it is: no controls, no bidi controls, nothing unseen, no line ends."""
    return text.isprintable() and (text.isascii() or _UNSEEN.isdisjoint(text))


def visible(text: str, limit: int | None = 200) -> str:
    r"""Return a text on one line with everything unseen as an escape, at most `limit` characters long.

    Controls (ESC and NUL among them), line ends, bidi and zero-width characters, odd
    spaces, lone surrogates, private and unassigned characters become `\x1b`, `\u202e`
    and so on. It is for reading: a backslash of the text itself stays as it is.
    """
    if (limit is None or len(text) <= limit) and is_plain(text):
        return text
    return "".join(_pieces(text)) if limit is None else _shortened(text, limit)


def _pieces(text: str) -> Iterator[str]:
    for char in text:
        yield char if is_plain(char) else _escaped(char)


def _shortened(text: str, limit: int) -> str:
    """Cut between pieces: half an escape would be another text."""
    taken: list[str] = []
    room = limit
    for piece in _pieces(text):
        if len(piece) > room:
            break
        taken.append(piece)
        room -= len(piece)
    else:
        return "".join(taken)
    while taken and room < len(_CUT):
        room += len(taken.pop())
    return "".join((*taken, _CUT))


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
