"""Asks one case or several of a target: waits where it must, sends, records, and takes the answers into account.

What is asked next is decided in `conversation`, what is asked again in `asking_again`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.conversation.answers import (
    is_accepted,
    is_lost,
    is_refused,
    is_short_of_credits,
    is_throttled,
)
from sendproof.conversation.asking_again import (
    MAIN_KEY,
    AskingAgain,
    AskingLater,
)
from sendproof.conversation.evidence import Evidence
from sendproof.conversation.plan import CONTROLS, Breakers, Slots
from sendproof.conversation.preflight import no_answer
from sendproof.conversation.waiting import LOST_IN_A_ROW, Outages, RetryPolicy
from sendproof.corpus.case import Case
from sendproof.exchange import OF_A_PROXY, Exchange
from sendproof.process import held_back
from sendproof.target.binding import Unbindable
from sendproof.target.budget import TimeLimit
from sendproof.target.client import Traffic
from sendproof.target.pacing import RunClock
from sendproof.target.profile import Profile
from sendproof.target.recipients import Withheld

# So often a case is sent that is answered with 429, which is documented, before that is taken for its answer.
_MOST_THROTTLED = 3
# Shorter waits need no explanation.
_EXPLAINED_FROM_S = 5.0
# A clock that is moved need not be moved further than any limit of a rate needs.
_LONGEST_MOVE_S = 600.0


class ShowProgress(Protocol):
    """Shows how far a conversation is."""

    def __call__(self, done: int, total: int, label: str, /, *, at_once: bool = False) -> None:
        """Show that `done` of `total` steps are done, and what is going on; `at_once` if it is about to take long."""


class Sender(Protocol):
    """What sends for a conversation: the client, or a dry run in its place."""

    @property
    def traffic(self) -> Traffic:
        """Return what went through so far."""

    @property
    def messages_allowed(self) -> int:
        """Return how many messages may be accepted in all."""

    def send(self, case: Case, *, nonce: str | None = None) -> Exchange:
        """Send one case; with the same nonce it is the very same request."""

    def send_together(self, cases: Sequence[Case]) -> list[Exchange]:
        """Send cases at the same moment."""

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Send fewer requests a second from now on."""


class AskingStopped(Exception):
    """Nothing more can be asked of this target."""


class Asker:
    """Asks for a conversation, and keeps what that needs: slots of the budget, breakers, the evidence.

    `token` returns 24 letters and digits, unlike in every call. `planned` is how many cases there are to ask, for the
    progress. `last_refused` is the last request that was refused as it should be: asked once more, it costs nothing.
    """

    def __init__(
        self,
        contract: Contract,
        profile: Profile,
        client: Sender,
        *,
        clock: RunClock,
        time_limit: TimeLimit,
        token: Callable[[], str],
        show_progress: ShowProgress,
        keep: Callable[[Exchange], None],
        planned: int,
    ) -> None:
        provider = contract.provider
        self._contract, self._profile, self._client = contract, profile, client
        self._clock, self._time_limit = clock, time_limit
        self._show_progress, self._keep, self._planned = show_progress, keep, planned
        self.token = token
        self.evidence = Evidence()
        self.slots = Slots(provider, client.messages_allowed)
        self.breakers = Breakers(provider)
        self._keys = Keys(provider)
        self._outages = Outages(self.pause)
        self._retry_policy = RetryPolicy(self.wait, self.pause, profile.budget.retry_after_s)
        self.later = AskingLater(provider, self, self.slots, clock)
        self._again = AskingAgain(contract, self, self.slots, self._retry_policy, self.later)
        self.last_refused: Case | None = None

    def ask(self, case: Case) -> Exchange | None:
        """Send a case; after an unexpected 429 wait and ask again, and so where an answer leaves something open."""
        case = self._keys.applied(case)
        nonce = self.token() if self._keys.has_its_own(case) else None
        exchange = self.ask_once(case, nonce=nonce)
        for _ in range(_MOST_THROTTLED - 1):
            if not (exchange and self._is_throttled(exchange) and self._retry_policy.waited_for_throttling(exchange)):
                break
            self.slow_down()
            exchange = self.ask_once(case)
        exchange = self._again.asked(case, exchange, nonce)
        if exchange is not None and self._may_be_paid_later(case, exchange):
            self.later.ask_unpaid(case)
        return exchange

    def ask_once(self, case: Case, *, nonce: str | None = None) -> Exchange | None:
        """Send a case and take a 429 as the answer; None where it cannot be made or may not leave."""
        try:
            with held_back(second_breaks=True):
                exchange = self._client.send(case, nonce=nonce)
                self._record([exchange])
        except (Unbindable, Withheld) as reason:
            self._count_withheld(reason)
            return None
        self._note([(exchange, case)])
        return exchange

    def ask_together(self, cases: list[Case]) -> list[Exchange]:
        """Send several at the same time and take a 429 as the answer."""
        try:
            with held_back(second_breaks=True):
                exchanges = self._client.send_together(cases)
                self._record(exchanges)
        except (Unbindable, Withheld) as reason:
            self._count_withheld(reason)
            return []
        self._note(zip(exchanges, cases, strict=True))
        return exchanges

    def ask_late(self, case: Case, *, within_s: float) -> None:
        """Send a case later on, as late as the run goes on, but within so many seconds."""
        self.later.ask_late(case, within_s=within_s)

    def wait(self, seconds: float, why: str) -> None:
        """Let the time of the target pass; BudgetSpent where the run has no such time left."""
        if self._clock.takes_time:
            self._time_limit.check(seconds, why)
        self._wait(seconds, why)

    def pause(self, seconds: float, why: str) -> None:
        """Let the time of the target pass, as much of it as the run has."""
        self._wait(min(seconds, self._time_limit.left_s) if self._clock.takes_time else seconds, why)

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Halve the pace, or leave at least so many seconds between two requests from now on."""
        self._client.slow_down(to_at_least_s=to_at_least_s)

    def accepted_left(self) -> int:
        """Return how many messages that ought to be accepted may still be asked for."""
        return self.slots.left

    def _wait(self, seconds: float, why: str) -> None:
        if self._clock.takes_time:
            self._show(f"waiting {seconds:.0f} s: {why}", total=self._planned, at_once=seconds >= _EXPLAINED_FROM_S)
        self._clock.wait(seconds if self._clock.takes_time else min(seconds, _LONGEST_MOVE_S))

    def _show(self, label: str, *, total: int, at_once: bool = False) -> None:
        self._show_progress(len(self.evidence.exchanges), total, label, at_once=at_once)

    def _record(self, exchanges: Iterable[Exchange]) -> None:
        """Keep what came of some requests: a run that is interrupted has all in its evidence that it spent."""
        for exchange in exchanges:
            self.evidence.exchanges.append(exchange)
            self._keep(exchange)

    def _note(self, asked: Iterable[tuple[Exchange, Case]]) -> None:
        """Take what came of some requests into account."""
        provider, ends = self._contract.provider, None
        for exchange, case in asked:
            for counter in (self.breakers, self._keys, self.slots):
                counter.note(case, exchange)
            self.evidence.has_accepted |= is_accepted(provider, exchange)
            self._show(case.family, total=max(self._planned, len(self.evidence.exchanges)))
            if case.expects == "refuse" and is_refused(provider, exchange) and not self._is_throttled(exchange):
                self.last_refused = case
            ends = exchange if self._outages.are_lasting(exchange) else ends
        if ends is not None:
            self._check_that_it_answers(ends)

    def _check_that_it_answers(self, last: Exchange) -> None:
        """Ask what was refused before, which costs nothing; if that is lost too, raise `AskingStopped`."""
        if self.last_refused is None or (is_lost(last) and last.case == self.last_refused.id):
            failure = last.failure or "dropped"
            cause = f": {no_answer(self._profile, failure)}" if failure in OF_A_PROXY else f" ({failure})"
            raise AskingStopped(f"{LOST_IN_A_ROW} requests in a row were not answered{cause}")
        self.ask_once(self.last_refused)

    def _count_withheld(self, reason: Exception) -> None:
        name = type(reason).__name__
        self.evidence.withheld[name] = self.evidence.withheld.get(name, 0) + 1

    def _is_throttled(self, exchange: Exchange) -> bool:
        state = self._profile.account().keys.get(exchange.credential.key or "")
        return is_throttled(self._contract.provider, exchange) and state != "daily_exhausted"

    def _may_be_paid_later(self, case: Case, exchange: Exchange) -> bool:
        """Whether a message was refused for want of credits that somebody may add while the run lasts."""
        is_main = case.may_be_accepted and case.key == MAIN_KEY
        return is_main and is_short_of_credits(self._contract, exchange)


# A message without a key is what the plain ones ask about, and of the others every byte counts.
_WITHOUT_KEY = frozenset({CONTROLS, "json_forms", "hostile", "unknown_fields"})


class Keys:
    """Gives messages idempotency keys, once the target has been seen to take one: what a gateway sends twice is one."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        name = provider.fields.get("idempotency")
        self._name = f'"{name}"'.encode() if name else None
        self._are_taken = False

    def note(self, case: Case, exchange: Exchange) -> None:
        """Take an answer into account."""
        if self._name is not None and self._name in case.body:
            self._are_taken |= is_accepted(self._provider, exchange)

    def has_its_own(self, case: Case) -> bool:
        """Whether a message has a key that is another in each sending, so that the same may be sent again."""
        return self._are_taken and self._name is not None and self._name + b':"@{nonce}"' in case.body

    def applied(self, case: Case) -> Case:
        """Return a message that ought to be accepted with a key of its own at its end, if it has none."""
        if not self._are_taken or case.expects != "accept" or case.family in _WITHOUT_KEY:
            return case
        name, body = self._name or b"", case.body
        if name in body or not body.endswith(b'"}') or not body.startswith(b"{"):
            return case
        return replace(case, body=body[:-1] + b"," + name + b':"@{nonce}"}')
