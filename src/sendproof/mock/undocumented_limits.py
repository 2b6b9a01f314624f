"""What lets a message pass at one moment and not at another, of which no document tells."""

from collections.abc import Hashable


class Duplicates:
    """A filter that refuses what was accepted within so many seconds."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._accepted_s: dict[Hashable, float] = {}

    def refuses(self, message: Hashable, now: float) -> bool:
        """Tell whether a message came just now, and remember it otherwise."""
        if now < self._accepted_s.get(message, -self._window_s) + self._window_s:
            return True
        self._accepted_s[message] = now
        return False


class Spikes:
    """A limit of so many messages a second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._accepted_s: list[float] = []

    def refuses(self, now: float) -> bool:
        """Tell whether too many came within a second, and count this one otherwise."""
        self._accepted_s = [at for at in self._accepted_s if now < at + 1.0]
        if len(self._accepted_s) >= self._most:
            return True
        self._accepted_s.append(now)
        return False


class Lockout:
    """Refuses everybody for a while after so many wrong credentials in a row."""

    def __init__(self, most: int, lasting_s: float) -> None:
        self._most, self._lasting_s = most, lasting_s
        self._wrong = 0
        self._until_s = 0.0

    def refuses(self, now: float) -> bool:
        """Tell whether everybody is locked out."""
        return now < self._until_s

    def note(self, now: float, *, right: bool) -> None:
        """Count credentials that are wrong, and forget those before some that are right."""
        self._wrong = 0 if right else self._wrong + 1
        if self._wrong >= self._most:
            self._wrong, self._until_s = 0, now + self._lasting_s
