"""Asking again: what an answer leaves open because it failed, or because of the moment at which it was given.

`AskingAgain` decides, `AskingLater` keeps what is put off, `RefusalWords` knows which refusals pass, and `narrowed`
finds the part of a text that is refused.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.conversation.answers import (
    has_failed,
    is_accepted,
    is_foreign,
    is_refused,
    is_refused_for_its_moment,
    may_have_been_served,
)
from sendproof.conversation.evidence import Evidence
from sendproof.conversation.plan import Slots
from sendproof.conversation.waiting import RetryPolicy
from sendproof.corpus.case import Case
from sendproof.corpus.message_builder import compact, in_other_words
from sendproof.exchange import Exchange
from sendproof.judge.refusal_causes import Words, words
from sendproof.judge.refused import documenting
from sendproof.target.budget import BudgetSpent
from sendproof.target.pacing import RunClock

# A service that refuses so many valid messages in a run refuses them for good: each costs one more request.
_MOST_ASKED_AGAIN = 12
# In a run so many parts of texts are asked for, of those that are longer than this, or not of ASCII alone.
_MOST_NARROWED, _PLAIN_LENGTH = 24, 160
# Limits of a second and filters of duplicates are the commonest; where a target refuses for longer, it is given up.
_PAUSES_S = (1.2, 4.0, 8.0)
# The pace that follows: a third of the pause between two.
_PACE_OF_A_PAUSE = 1 / 3
# Seven halvings take the pace from 20 a second to its slowest: by then a limit is met no more, or never passes.
_MOST_PAUSED = 10
# So many pauses for requests that ought to be refused, and were so in words that may pass.
_MOST_WAITED = 24
MAIN_KEY = "main"

# What is to be asked at the latest moment is asked so long before it: a slow answer is no late question.
_IN_TIME_S = 2.0

_Postponed = tuple[int, Case, str | None]
"""A case to be asked later: how many requests had been sent by then, and its nonce if it has to be the same."""


class OnceAsker(Protocol):
    """What asks a case once, and waits."""

    evidence: Evidence

    def ask_once(self, case: Case, *, nonce: str | None = None) -> Exchange | None:
        """Send a case; None where it cannot be made."""

    def pause(self, seconds: float, why: str) -> None:
        """Let the time of the target pass, as much of it as the run has."""

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Halve the pace, or leave at least so many seconds between two requests from now on."""


class AskingAgain:
    """Decides what is asked again: at once, after a pause, in other words, in part or later."""

    def __init__(
        self, contract: Contract, asker: OnceAsker, slots: Slots, retry_policy: RetryPolicy, later: AskingLater
    ) -> None:
        self._contract, self._asker, self._slots = contract, asker, slots
        self._retry_policy, self._later = retry_policy, later
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
            self._later.postpone(case, exchange, same)
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

        A limit of requests, a lock-out or a filter of duplicates lasts for a moment, and a document need not
        name it. Where the pause helps, requests come more slowly from then on.
        """
        ought = case.expects == "accept" and self._asker.evidence.has_accepted
        ought &= case.key == MAIN_KEY or (exchange is not None and self._words.is_passing(exchange))
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
        if has_same_words(self._contract.provider, exchange, self._asker.ask_once(self._words.probe)):
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
            if not has_same_words(self._contract.provider, exchange, again):
                if self._words.probe is not None:
                    self._asker.ask_once(self._words.probe)
                return again or exchange
        return exchange

    def _ask_later(self, case: Case, exchange: Exchange | None) -> None:
        """Put off what ought to be accepted, is refused, and no pause has helped.

        Refused again while others pass, it is refused for what it is. Of a peculiar text that is the part that is
        refused: one text carries many scripts and signs, and a refusal does not say which of them it is for.
        A sample text has other words the next time, which a filter of duplicates accepts; any other text is asked as
        it is.
        """
        ought = case.expects == "accept" and case.key == MAIN_KEY and self._asker.evidence.has_accepted
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
            self._later.add(later)

    def _is_part_refused(self, case: Case) -> bool | None:
        """Ask for a part of a text; None where no more of them can be asked."""
        if self._narrowed >= _MOST_NARROWED or not self._slots.has_room(case):
            return None
        self._narrowed += 1
        exchange = self._asker.ask_once(case)
        return None if exchange is None else is_refused(self._contract.provider, exchange)

    def _is_worth_asking_again(self, case: Case, exchange: Exchange, *, keyed: bool) -> bool:
        if may_have_been_served(exchange):
            # Without a key the second one may be a message of its own: it has a slot of the budget, too.
            return keyed or case.expects != "accept" or self._slots.has_room(case)
        if has_failed(self._contract.provider, exchange):
            return True
        if case.expects != "accept":
            return False
        unexpected = is_refused(self._contract.provider, exchange) and case.key == MAIN_KEY
        self._asked_again += unexpected
        return unexpected and self._asked_again <= _MOST_ASKED_AGAIN


class AskingLater:
    """Keeps what is asked later in a run, and asks it: after an outage, at the end, or as late as possible."""

    def __init__(self, provider: Provider, asker: OnceAsker, slots: Slots, clock: RunClock) -> None:
        self._provider, self._asker, self._slots, self._clock = provider, asker, slots, clock
        self._postponed: deque[_Postponed] = deque()
        self._for_the_end: deque[_Postponed] = deque()
        self._unpaid: set[str] = set()
        self._late: list[tuple[float, Case]] = []

    def add(self, case: Case) -> None:
        """Put a case off until so many others have been asked."""
        self._postponed.append((self._asked_count, case, None))

    def postpone(self, case: Case, exchange: Exchange | None, nonce: str | None, *, to_the_end: bool = False) -> None:
        """Put off what had no answer, or a failure for one, unless another message might follow one that was sent."""
        if exchange is None or not has_failed(self._provider, exchange):
            return
        again = nonce if may_have_been_served(exchange) else None
        if again or not (case.expects == "accept" and may_have_been_served(exchange)):
            (self._for_the_end if to_the_end else self._postponed).append((self._asked_count, case, again))

    def ask_unpaid(self, case: Case) -> None:
        """Ask at the end what was refused for want of credits; what comes in between must not take its slot."""
        if case.id not in self._unpaid:
            self._slots.hold(case)
            self._unpaid.add(case.id)
            self._for_the_end.append((self._asked_count, case, None))

    def ask_late(self, case: Case, *, within_s: float) -> None:
        """Ask a case as late as the run goes on, but within so many seconds."""
        self._late.append((self._clock.now() + within_s, case))

    def ask_due(self, *, all_of_it: bool = False) -> None:
        """Ask what was to be asked as late as possible and may not wait any longer."""
        until_s = math.inf if all_of_it else self._clock.now() + _IN_TIME_S
        due = [item for item in self._late if item[0] <= until_s]
        self._late = [item for item in self._late if item[0] > until_s]
        for due_s, case in due:
            self._clock.skip_to(due_s - _IN_TIME_S)
            try:
                self._asker.ask_once(case)
            except BudgetSpent as spent:
                self._asker.evidence.note_spent(spent)

    def ask_postponed(self, *, later_than: int = 0) -> None:
        """Ask once more what twice had no answer, or a failure: after so many others an outage is over.

        If it is not, or another one is there, at the end of all.
        """
        while self._postponed and self._asked_count - self._postponed[0][0] >= later_than:
            _, case, nonce = self._postponed.popleft()
            if case.id in self._unpaid:
                self._unpaid.remove(case.id)
                self._slots.give_back(case)
            if not case.may_be_accepted or self._slots.has_room(case):
                try:
                    exchange = self._asker.ask_once(case, nonce=nonce)
                except BudgetSpent as spent:
                    self._asker.evidence.note_spent(spent)
                else:
                    self.postpone(case, exchange, nonce, to_the_end=True)

    def ask_the_rest(self, control: Case | None) -> None:
        """Ask all that is left, at the end of a run; `control` is a valid message."""
        self.ask_due(all_of_it=True)
        self._ask_between(control)
        self.ask_postponed()
        self._postponed.extend(self._for_the_end)
        self.ask_postponed()

    def _ask_between(self, control: Case | None) -> None:
        """Send a valid message between a failure and what is asked again, if none was accepted since.

        Only what fails again while others are accepted fails for what it is.
        """
        since = max((count for count, _, _ in self._postponed), default=None)
        exchanges = self._asker.evidence.exchanges
        if since is None or any(is_accepted(self._provider, one) for one in exchanges[since:]):
            return
        if control is not None and self._slots.has_room(control):
            with suppress(BudgetSpent):
                self._asker.ask_once(control)

    @property
    def _asked_count(self) -> int:
        return len(self._asker.evidence.exchanges)


_OF_IDENTITY = (401, 403)


class RefusalWords:
    """Remembers the words of refusals: those that come and go, and those that are the service's own.

    `probe` is a request that was refused before, in words of its own: given others now, they are of the moment.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._passing: set[Words] = set()
        self._usual: set[Words] = set()
        self.probe: Case | None = None

    def is_passing(self, exchange: Exchange) -> bool:
        """Whether a request was refused in words that passed before."""
        return words(self._contract.provider, exchange) in self._passing

    def is_doubtful(self, case: Case, exchange: Exchange) -> bool:
        """Whether a request that is to be refused may have been so for something that passes.

        Its words are new and name nothing, though a document has words for the cause, or others were refused for their
        credentials in other words, or nothing is wrong with the credentials that they seem to be about.
        """
        if case.expects != "refuse" or not is_refused(self._contract.provider, exchange):
            return False
        said = words(self._contract.provider, exchange)
        if said is None or said in self._usual or said in self._passing:
            return False
        of_identity = self._is_of_identity(case)
        if self.probe is None or not is_refused_for_its_moment(self._contract, exchange):
            self._usual.add(said)
            # A lock-out may be one of the key: better a probe with the right one.
            if self.probe is None or (self._is_of_identity(self.probe) and not of_identity):
                self.probe = case
            return False
        if of_identity or case.method != self._contract.provider.method:
            return True
        if exchange.response is not None and exchange.response.status in _OF_IDENTITY:
            return True
        return any(set(case.breaks) <= set(clause.params["reasons"]) for clause in documenting(self._contract))

    def _is_of_identity(self, case: Case) -> bool:
        return all(self._contract.clauses[clause].concern == "auth" for clause in case.breaks)

    def passes(self, exchange: Exchange) -> None:
        """Take the words of a refusal for such as come and go."""
        if (said := words(self._contract.provider, exchange)) is not None:
            self._passing.add(said)
            self._usual.discard(said)

    def stays(self, exchange: Exchange) -> None:
        """Take the words of a refusal for the service's own."""
        if (said := words(self._contract.provider, exchange)) is not None:
            self._usual.add(said)


def has_same_words(provider: Provider, exchange: Exchange, other: Exchange | None) -> bool:
    """Whether two answers say the same, but for ids and times."""
    return other is not None and words(provider, exchange) == words(provider, other)


# So many parts of one text are asked for.
MOST_PARTS = 8
_JOINER = "\u200d"


def narrowed(provider: Provider, case: Case, is_refused: Callable[[Case], bool | None]) -> Case:
    """Return the case of the smallest part of its text that is still refused, or the case itself.

    `is_refused` asks for one part; None says that no more can be asked.
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
