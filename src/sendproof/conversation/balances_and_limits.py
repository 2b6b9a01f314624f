"""What to send with a key whose balance or limit is known, and how many accepted messages that takes of a budget.

A balance is spent in a sequence of steps, so that the answers show wrong prices and a wrong boundary. A limit of
requests is asked about in rounds, each after a pause of a window. Both share what all other questions leave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from sendproof.corpus.case import Case

# One step each: an SMS, an SMS of three segments, an MMS, the last message once more, a request without a text, and
# several SMS at once, that want what is left.
SMS, LONG, MMS, RETRY, FAULTY, AT_ONCE = "S", "L", "M", "r", "f", "G"

# By balance, where an SMS takes 2 and an MMS 3. Each was found by a search (hill climbing from random sequences) for
# the one that leaves the fewest of the wrong values in `sendproof.judge.credits` with the answers of a permitted
# service, then the fewest that are taken for another wrong value, then the fewest messages. Faults and retries are
# many, and at different places: whether they are charged is open, and what they cost must show itself before the end of
# the balance does. What each leaves in doubt, a test shows.
_OF_ONE_POOL: Mapping[int, str] = MappingProxyType(
    {
        2: "MrLG",
        3: "LLSMG",
        4: "fffLrMMG",
        5: "ffffMrMLG",
        6: "fffffLrLMG",
        7: "fffffMrrrLMG",
        8: "MrrrrMMMLG",
        9: "fLfffrffLrrMMMG",
        10: "fffMffMrfrrLMG",
        11: "ffffffMrrrrrSLLMG",
        12: "fffffMrrrfLLMMMG",
        13: "MMrfrrrrfMfLMG",
        14: "MffffrfrrSfLLMMMG",
        20: "MfrfMrfrLLMfrrfMffSMMMG",
    }
)
# The same, where it is unknown whether an MMS takes 3 of this balance, or 2 of it and 1 of another. What an MMS leaves
# is not known then, so all that matters comes before it.
_OF_POOLS_UNKNOWN: Mapping[int, str] = MappingProxyType(
    {
        2: "LrrGM",
        3: "LrrSMG",
        4: "LrrGM",
        5: "SLrrSMG",
        6: "LrrrSGM",
        7: "SSLrrSMG",
        8: "LrrrrrSSGM",
        9: "LrrrrrrSSSSMG",
        10: "LrrrrrSSSGM",
        11: "LrrrrrrSSSSSMG",
        12: "LrrrrrSSSSGM",
        13: "LrrrrrrSSSSSSMG",
        14: "LrrrrrSSSSSGM",
        15: "LrrrrrrSSSSSSSMG",
        16: "LrrrrrSSSSSSGM",
        17: "LrrrrrSSSSSSSSMG",
        18: "LrrrrSSSSSSSGM",
        19: "LrrrrSSSSSSSSSMG",
        20: "LrrrrrrSSSSSSSSGM",
    }
)
# The documented prices that the sequences were made for.
_SMS_PRICE, _MMS_PRICE = 2, 3
# So many want what is left at once.
SMS_AT_ONCE = 4
# What is asked of a balance that is too large to be spent: all of it should be accepted.
_TASTE = LONG + RETRY + MMS + SMS


def credit_sequence(balance: int, *, most: int | None = None, is_one_pool: bool, mms: int | None = None) -> str:
    """Return the steps for a balance; with `mms` credits that are kept apart for MMS, one of them for each.

    Of those that take at most so many accepted messages the best, or else those that take the fewest.
    """
    if mms is not None:
        return _of_two_pools(balance, mms)
    known = _OF_ONE_POOL if is_one_pool else _OF_POOLS_UNKNOWN
    if balance < _SMS_PRICE:
        return SMS + MMS + AT_ONCE
    # A larger balance is brought down by MMS to one that has a sequence: first the ways with the fewest messages.
    ways = [
        MMS * ((balance - size) // _MMS_PRICE) + steps
        for size, steps in sorted(known.items(), reverse=True)
        if balance >= size and (balance - size) % _MMS_PRICE == 0
    ]
    affordable = (steps for steps in ways if most is None or messages_of_steps(steps, balance) <= most)
    return next(affordable, None) or min(ways, key=lambda steps: messages_of_steps(steps, balance))


def taste(most: int) -> str:
    """Return steps of at most so many accepted messages, for a balance that they do not spend."""
    return _TASTE[: max(most, 0)]


def messages_of_steps(steps: str, balance: int, mms: int | None = None) -> int:
    """Return how many answers to some steps ought to be acceptances, retries too; `mms` as of `credit_sequence`."""
    accepted, is_accepted = 0, False
    for step in steps:
        price = _MMS_PRICE if step == MMS and mms is None else _SMS_PRICE
        if step == RETRY:
            accepted += is_accepted
        for _ in range({AT_ONCE: SMS_AT_ONCE, RETRY: 0, FAULTY: 0}.get(step, 1)):
            is_accepted = balance >= price and (step != MMS or mms != 0)
            if is_accepted:
                balance -= price
                mms = mms - 1 if step == MMS and mms else mms
                accepted += 1
    return accepted


def _of_two_pools(balance: int, mms: int) -> str:
    """Return steps that use up what is kept for MMS, ask for one more, and bring the balance to its last SMS."""
    long_ones = 1 if balance >= _SMS_PRICE else 0
    media = max(min(mms, balance // _SMS_PRICE - long_ones - 1), 0)
    left = balance - _SMS_PRICE * (long_ones + media)
    return LONG * long_ones + RETRY * 3 + MMS * (media + 1) + SMS * max(left // _SMS_PRICE - 1, 0) + AT_ONCE


class Round(StrEnum):
    """Requests without a pause: beyond the limit, one after the other or at once; or within it, as many as are said.

    A bucket that refills in two windows in place of one is half full after one: only more than that many show it.
    """

    BURST = "one after the other"
    AT_ONCE = "at once"
    OVER_HALF = "over half of the limit"
    ONE = "one"
    SOME = "some"


# More at once than so many are no ordinary client's.
_MOST_AT_ONCE = 10
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
    ways = (way for way in (*_WAYS, *_LESS) if limit <= _MOST_AT_ONCE or Round.AT_ONCE not in way)
    return next((way for way in ways if messages_of_rounds(way, limit) <= most), _LESS[-1])


def least_for_limit(limit: int) -> int:
    """Return how many messages ought to be accepted, at least, to decide all that is promised of a limit."""
    return min(messages_of_rounds(way, limit) for way in _WAYS if limit <= _MOST_AT_ONCE or Round.AT_ONCE not in way)


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


# Of a budget that is too small for all, one message in so many is for what fixtures show.
_LEAST_SHARE = 8


def share_of_fixtures(left: int, cases: Iterable[Case], gating: Collection[str], *, others: int) -> int:
    """Return how many of the `left` messages may be spent on what the fixtures of a profile offer.

    What else has to be accepted comes first: each message up to the last that is first evidence for a `gating` clause,
    of the `cases` in the order in which they are asked, and what `others` take, the other scenarios.
    """
    return max(left - others - _needed(cases, gating), left // _LEAST_SHARE, 0)


def _needed(cases: Iterable[Case], gating: Collection[str]) -> int:
    """Return how many messages are asked for up to the last that is first evidence for a clause."""
    seen: set[str] = set()
    needed = 0
    for number, case in enumerate((case for case in cases if case.expects == "accept"), 1):
        if fresh := {clause for clause in case.clauses if clause in gating and clause not in seen}:
            seen |= fresh
            needed = number
    return needed
