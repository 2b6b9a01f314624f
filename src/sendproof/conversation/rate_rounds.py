"""How a limit of requests is asked about: rounds, each after a pause of a window, and what they take of a budget."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Round(StrEnum):
    """Requests without a pause: beyond the limit, one after the other or at once; or within it, as many as are told.

    A bucket that refills in two windows in place of one is half full after one: more than that many tell it apart.
    """

    BURST = "one after the other"
    AT_ONCE = "at once"
    OVER_HALF = "over half of the limit"
    ONE = "one"
    SOME = "some"


# More at once than so many are no ordinary client's.
MOST_AT_ONCE = 10
# The richest first. What only requests at once show is worth more than a second burst in a row.
_WAYS = (
    (Round.BURST, Round.BURST, Round.AT_ONCE),
    (Round.BURST, Round.AT_ONCE),
    (Round.BURST, Round.BURST, Round.ONE),
    (Round.BURST, Round.OVER_HALF),
)
# These leave something open.
_LESS = ((Round.BURST, Round.ONE), (Round.SOME,))


def rate_rounds(limit: int, most: int) -> tuple[Round, ...]:
    """Return the rounds for a limit, of which at most so many messages ought to be accepted."""
    ways = (way for way in (*_WAYS, *_LESS) if limit <= MOST_AT_ONCE or Round.AT_ONCE not in way)
    return next((way for way in ways if messages_of_rounds(way, limit) <= most), _LESS[-1])


def least_for_limit(limit: int) -> int:
    """Return how many messages ought to be accepted, at least, to decide all that is promised of a limit."""
    return min(messages_of_rounds(way, limit) for way in _WAYS if limit <= MOST_AT_ONCE or Round.AT_ONCE not in way)


def messages_of_rounds(rounds: Iterable[Round], limit: int) -> int:
    """Return how many messages ought to be accepted: after a burst another key's message is one, too."""
    return sum(
        {
            Round.BURST: limit + 1,
            Round.AT_ONCE: limit,
            Round.OVER_HALF: over_half(limit),
            Round.ONE: 1,
            Round.SOME: 0,
        }[one]
        for one in rounds
    )


def over_half(limit: int) -> int:
    """Return the least number of messages that is more than half of a limit."""
    return limit // 2 + 1
