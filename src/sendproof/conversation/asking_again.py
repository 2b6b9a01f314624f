"""Asking again: what an answer leaves open because it failed, or because of the moment at which it was given."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from sendproof.contract.model import Contract
from sendproof.conversation.answers import (
    has_failed,
    is_accepted,
    is_foreign,
    is_refused,
    is_refused_for_its_moment,
    may_have_been_served,
)
from sendproof.conversation.narrowing import narrowed, text_of
from sendproof.conversation.refusal_words import RefusalWords, has_same_words
from sendproof.conversation.retry_policy import RetryPolicy
from sendproof.conversation.selection import Slots
from sendproof.corpus.case import Case
from sendproof.corpus.message_builder import in_other_words
from sendproof.exchange import Exchange

_MOST_ASKED_AGAIN = 12
# In a run so many parts of texts are asked for, of those that are longer than this, or not of ASCII alone.
_MOST_NARROWED, _PLAIN_LENGTH = 24, 160
# Limits of a second and filters of duplicates are the commonest; who refuses for longer is asked no more after that.
_PAUSES_S = (1.2, 4.0, 8.0)
# The pace that follows: a third of the pause between two.
_PACE_OF_A_PAUSE = 1 / 3
# Seven halvings take the pace from 20 a second to its slowest: by then a limit is met no more, or never passes.
_MOST_PAUSED = 10
# So many pauses for requests that ought to be refused, and were so in words that may pass.
_MOST_WAITED = 24
_MAIN_KEY = "main"

Postponed = tuple[int, Case, str | None]
"""A case to be asked later: how many requests had been sent by then, and its nonce if it has to be the same."""


class Asker(Protocol):
    """What asks."""

    @property
    def has_accepted(self) -> bool:
        """Whether any message was accepted so far."""

    def asked_count(self) -> int:
        """Return how many requests were sent."""

    def ask_once(self, case: Case, *, nonce: str | None = None) -> Exchange | None:
        """Send a case; None where it cannot be made."""

    def pause(self, seconds: float, why: str) -> None:
        """Let the time of the target pass, as much of it as the run has."""

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Halve the pace, or leave at least so many seconds between two requests from now on."""


class AskingAgain:
    """Decides what is asked again, at once, after a pause, in other words, in part or later.

    `postponed` is what is to be asked later, `at_the_end` what after all else.
    """

    def __init__(self, contract: Contract, asker: Asker, slots: Slots, retry_policy: RetryPolicy) -> None:
        self._contract, self._asker, self._slots, self._retry_policy = contract, asker, slots, retry_policy
        self.postponed: deque[Postponed] = deque()
        self.at_the_end: deque[Postponed] = deque()
        self._words = RefusalWords(contract)
        self._asked_again = self._paused = self._waited = self._narrowed = 0

    def asked(self, case: Case, exchange: Exchange | None, nonce: str | None) -> Exchange | None:
        """Return the answer that counts: the given one, or that of the case asked again.

        What the service says it failed to do is asked once more, and so is what may have been
        served or not: with the idempotency key that it had, if it had one. A refusal of what ought to
        be accepted is, some times in a run: accepted then, it was refused for no reason of its own.
        """
        if exchange is not None and self._is_worth_asking_again(case, exchange, keyed=nonce is not None):
            # Another key would make another message of what was served already.
            same = nonce if may_have_been_served(exchange) else None
            first = exchange if is_refused_for_its_moment(self._contract, exchange) else None
            if is_foreign(self._contract.provider, exchange):
                self._retry_policy.wait_for_gateway(exchange)
            exchange = self._asker.ask_once(case, nonce=same)
            self.postpone(case, exchange, same, to=self.postponed)
            if first and exchange is not None and is_accepted(self._contract.provider, exchange):
                self._words.passes(first)
                self._asker.slow_down()
            exchange = self._asked_after_a_pause(case, exchange)
            self._ask_later(case, exchange)
        if exchange is not None and case.expects == "refuse" and self._is_of_its_moment(case, exchange):
            exchange = self._asked_at_another_moment(case, exchange)
        return exchange

    def _asked_after_a_pause(self, case: Case, exchange: Exchange | None) -> Exchange | None:
        """Ask again, a while later, what ought to be accepted and was refused for nothing that is documented.

        A limit of requests, a lock-out or a filter of duplicates lasts for a moment, and a document need not tell
        of it. Where the pause helps, requests come more slowly from then on.
        """
        ought = case.expects == "accept" and self._asker.has_accepted
        ought &= case.key == _MAIN_KEY or (exchange is not None and self._words.is_passing(exchange))
        for pause_s in _PAUSES_S if ought and self._paused < _MOST_PAUSED else ():
            if exchange is None or not is_refused_for_its_moment(self._contract, exchange):
                break
            self._paused += 1
            self._asker.pause(pause_s, "the target refused a valid message for nothing that is documented")
            refusal, exchange = exchange, self._asker.ask_once(case)
            if exchange is not None and is_accepted(self._contract.provider, exchange):
                self._words.passes(refusal)
                # What passed after a pause may need as long again.
                self._asker.slow_down(to_at_least_s=pause_s * _PACE_OF_A_PAUSE)
        return exchange

    def _is_of_its_moment(self, case: Case, exchange: Exchange) -> bool:
        """Whether a request is refused for a lock-out or a limit: then so is another, that had other words before."""
        if self._words.is_passing(exchange):
            return True
        if not self._words.is_doubtful(case, exchange) or self._words.probe is None:
            return False
        if has_same_words(exchange, self._asker.ask_once(self._words.probe)):
            self._words.passes(exchange)
            return True
        self._words.stays(exchange)
        return False

    def _asked_at_another_moment(self, case: Case, exchange: Exchange) -> Exchange:
        """Ask again, a while later, what ought to be refused, but was so for something that passes."""
        for pause_s in _PAUSES_S:
            if self._waited >= _MOST_WAITED:
                break
            self._waited += 1
            self._asker.pause(pause_s, "the target refuses all requests, for nothing that is documented")
            again = self._asker.ask_once(case)
            if not has_same_words(exchange, again):
                if self._words.probe is not None:
                    self._asker.ask_once(self._words.probe)
                return again or exchange
        return exchange

    def _ask_later(self, case: Case, exchange: Exchange | None) -> None:
        """Put off what ought to be accepted, is refused, and no pause has helped.

        Refused again while others pass, it is refused for what it is. Of a peculiar text that is the part that is
        refused: one text carries many scripts and signs, and of a refusal nobody could tell which of them it is for.
        A sample text has other words the next time, which a filter of duplicates lets in; any other text is asked as
        it is.
        """
        ought = case.expects == "accept" and case.key == _MAIN_KEY and self._asker.has_accepted
        provider = self._contract.provider
        if not ought or exchange is None or not is_refused(provider, exchange):
            return
        text = text_of(provider, case)
        if not text.isascii() or len(text) > _PLAIN_LENGTH:
            later: Case | None = narrowed(provider, case, self._is_part_refused)
            later = later if self._narrowed < _MOST_NARROWED else None
        else:
            of_its_moment = is_refused_for_its_moment(self._contract, exchange)
            later = (in_other_words(provider, case) or case) if of_its_moment else None
        if later is not None:
            self.postponed.append((self._asker.asked_count(), later, None))

    def _is_part_refused(self, case: Case) -> bool | None:
        """Ask for a part of a text; None where no more of them can be asked."""
        if self._narrowed >= _MOST_NARROWED or not self._slots.has_room(case):
            return None
        self._narrowed += 1
        exchange = self._asker.ask_once(case)
        return None if exchange is None else is_refused(self._contract.provider, exchange)

    def postpone(self, case: Case, exchange: Exchange | None, nonce: str | None, *, to: deque[Postponed]) -> None:
        """Put off what had no answer, or a failure for one, unless another message might follow one that was sent."""
        if exchange is None or not has_failed(self._contract.provider, exchange):
            return
        again = nonce if may_have_been_served(exchange) else None
        if again or not (case.expects == "accept" and may_have_been_served(exchange)):
            to.append((self._asker.asked_count(), case, again))

    def _is_worth_asking_again(self, case: Case, exchange: Exchange, *, keyed: bool) -> bool:
        if may_have_been_served(exchange):
            # Without a key the second one may be a message of its own: it has a slot of the budget, too.
            return keyed or case.expects != "accept" or self._slots.has_room(case)
        if has_failed(self._contract.provider, exchange):
            return True
        if case.expects != "accept":
            return False
        unexpected = is_refused(self._contract.provider, exchange) and case.key == _MAIN_KEY
        self._asked_again += unexpected
        return unexpected and self._asked_again <= _MOST_ASKED_AGAIN
