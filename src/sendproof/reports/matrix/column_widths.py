"""Keeps a page within its weight: texts are taken while there is room, then shortened, and that is counted."""

from __future__ import annotations

import html

from sendproof.reports.text import visible

_LEAST = 60


def cut(text: str, limit: int) -> str:
    """Return the start of a text, visible, of at most `limit` characters; what is cut off costs no time."""
    return visible(text[: limit + 1], limit)


class Room:
    """A number of bytes that texts may still take, as they will stand in HTML."""

    def __init__(self, total_bytes: int) -> None:
        self._left = total_bytes
        self.refused = 0

    def text(self, text: str, limit: int) -> str:
        """Return a text as it may be shown, of at most `limit` characters, or of a few once the room is spent."""
        shown = cut(text, limit)
        if self._takes(shown):
            return shown
        self.refused += 1
        return cut(text, _LEAST)

    def whole(self, *texts: str) -> bool:
        """Tell whether some texts still fit, together; then they are counted."""
        if self._takes("".join(texts)):
            return True
        self.refused += 1
        return False

    def _takes(self, text: str) -> bool:
        size = len(html.escape(text).encode("utf-8", "surrogatepass"))
        if size > self._left:
            return False
        self._left -= size
        return True
