"""Request windows and message segments.

Freedoms taken: a window begins with the first request counted in it and ends window_s later; every authenticated
request counts, a refused one that was over the limit does not.
"""

from __future__ import annotations

from collections.abc import Callable

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")


class Window:
    """Count the requests of one key."""

    def __init__(self, limit: int, window_s: float, clock: Callable[[], float], *, endless: bool = False) -> None:
        self._limit, self._window_s, self._clock, self._endless = limit, window_s, clock, endless
        self._begun: float | None = None
        self._count = 0
        self._stuck = False

    def remaining_s(self) -> float | None:
        """Count one request; return None when it may pass, or how long to wait."""
        now = self._clock()
        if self._begun is None or (now - self._begun >= self._window_s and not self._stuck):
            self._begun, self._count = now, 0
        if self._count < self._limit and not self._stuck:
            self._count += 1
            return None
        self._stuck = self._endless
        return max(0.0, self._begun + self._window_s - now)


def is_gsm(text: str) -> bool:
    """Tell whether every character is in GSM-7 or its extension."""
    return _GSM.union(_GSM_EXTENSION).issuperset(text)


def segments(text: str) -> int:
    """Return how many segments *text* needs: 160 or 70 units alone, 153 or 67 in each of several."""
    if is_gsm(text):
        units, single, multiple = sum(2 if character in _GSM_EXTENSION else 1 for character in text), 160, 153
    else:
        units, single, multiple = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else -(-units // multiple)
