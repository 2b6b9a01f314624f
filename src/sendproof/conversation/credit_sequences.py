"""What to send with a balance that is known, so that the answers tell prices and boundary from wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# One step each: an SMS, an SMS of three segments, an MMS, the last message once more, a request without a text, and
# several SMS at once, that want what is left.
SMS, LONG, MMS, RETRY, FAULTY, AT_ONCE = "S", "L", "M", "r", "f", "G"

# By balance, where an SMS takes 2 and an MMS 3. Each was found by a search (hill climbing from random sequences) for
# the one that leaves the fewest of the wrong values in `sendproof.judge.credits` with the answers of a permitted
# service, then the fewest that are taken for another wrong value, then the fewest messages. Faults and retries are
# many, and at different places: whether they are charged is open, and what they cost must show itself before the end of
# the balance does. What each leaves in doubt, a test tells.
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
# The same, where nobody told whether an MMS takes 3 of this balance, or 2 of it and 1 of another. What an MMS leaves is
# not known then, so all that matters comes before it.
_UNTOLD: Mapping[int, str] = MappingProxyType(
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
_SMS_PRICE, _MMS_PRICE = 2, 3
# So many want what is left at once.
MOST_AT_ONCE = 4
# What is asked of a balance that is too large to be spent: all of it should be let in.
_TASTE = LONG + RETRY + MMS + SMS


def credit_sequence(balance: int, *, most: int | None = None, is_one_pool: bool, mms: int | None = None) -> str:
    """Return the steps for a balance; with `mms` credits that are kept apart for MMS, one of them for each.

    Of those that take at most so many answers that let something in the best, or else those that take the fewest.
    """
    if mms is not None:
        return _of_two_pools(balance, mms)
    known = _OF_ONE_POOL if is_one_pool else _UNTOLD
    if balance < _SMS_PRICE:
        return SMS + MMS + AT_ONCE
    # A larger balance is brought down to one that has a sequence, by the fewest messages.
    ways = [MMS * ((balance - size) // _MMS_PRICE) + steps for size, steps in known.items() if _leads_to(balance, size)]
    ways.reverse()
    affordable = (steps for steps in ways if most is None or messages_of_steps(steps, balance) <= most)
    return next(affordable, None) or min(ways, key=lambda steps: messages_of_steps(steps, balance))


def _leads_to(balance: int, size: int) -> bool:
    return balance >= size and (balance - size) % _MMS_PRICE == 0


def taste(most: int) -> str:
    """Return steps of at most so many answers that let something in, for a balance that they do not spend."""
    return _TASTE[: max(most, 0)]


def messages_of_steps(steps: str, balance: int, mms: int | None = None) -> int:
    """Return how many answers to some steps ought to let something in, retries too; `mms` as of `credit_sequence`."""
    accepted, is_let_in = 0, False
    for step in steps:
        price = _MMS_PRICE if step == MMS and mms is None else _SMS_PRICE
        if step == RETRY:
            accepted += is_let_in
        for _ in range({AT_ONCE: MOST_AT_ONCE, RETRY: 0, FAULTY: 0}.get(step, 1)):
            is_let_in = balance >= price and (step != MMS or mms != 0)
            if is_let_in:
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
