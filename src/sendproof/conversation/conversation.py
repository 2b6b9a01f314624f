"""One conversation with one target: preflight, scenarios, cases, and what was learned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from sendproof.contract.model import Contract
from sendproof.conversation import scenarios
from sendproof.conversation.answers import (
    has_failed,
    is_accepted,
    is_lost,
    is_refused,
    is_short_of_credits,
    is_throttled,
)
from sendproof.conversation.asking_again import LOST_IN_A_ROW, AskingAgain, RetryPolicy
from sendproof.conversation.balances_and_limits import (
    credit_sequence,
    least_for_limit,
    messages_of_rounds,
    messages_of_steps,
    rate_rounds,
    share_of_fixtures,
    taste,
)
from sendproof.conversation.keys import Keys
from sendproof.conversation.plan import CONTROLS, Breakers, Plan, Slots, is_open, open_cases
from sendproof.conversation.preflight import diagnosis, is_let_in, no_answer
from sendproof.corpus.case import Case
from sendproof.exchange import OF_A_PROXY, Exchange
from sendproof.target.binding import Unbindable
from sendproof.target.budget import BudgetSpent, TimeLimit
from sendproof.target.client import Tags, Traffic
from sendproof.target.clock import RunClock
from sendproof.target.interrupts import held_back
from sendproof.target.profile import Profile
from sendproof.target.recipients import Withheld

_PREFLIGHT_ATTEMPTS = 4
_PATIENCE = 3
# Shorter waits need no explanation.
_TOLD_FROM_S = 5.0
# A clock that is moved need not be moved further than any limit of a rate needs.
_LONGEST_MOVE_S = 600.0
# After these nothing of any kind may be asked.
_ENDING = ("max_requests", "max_duration_s")
_MAIN_KEY = "main"
# Of requests and credits balances and limits take no more than this part.
_SHARE_OF_OTHER_BUDGETS = 3
_MEANWHILE = 12
# What is to be asked at the latest moment is asked so long before it: a slow answer is no late question.
_IN_TIME_S = 2.0
# And before the budget is spent: one for that, one for the last message of all.
_KEPT_FOR_THE_LAST = 1
_KEPT = 1 + _KEPT_FOR_THE_LAST


class Tell(Protocol):
    """Shows how far a conversation is."""

    def __call__(self, done: int, total: int, label: str, /, *, at_once: bool = False) -> None:
        """Tell that `done` of `total` steps are done, and what is going on; `at_once` if it is about to take long."""


@dataclass(slots=True)
class Progress:
    """How far a conversation is; `tell` is called after each exchange."""

    total: int
    tell: Tell
    done: int = 0

    def step(self, label: str) -> None:
        """Count one exchange."""
        self.done += 1
        self.tell(self.done, max(self.total, self.done), label)


class Sender(Protocol):
    """What sends for a conversation: the client, or a dry run in its place."""

    @property
    def traffic(self) -> Traffic:
        """Return what went through so far."""

    @property
    def room(self) -> int:
        """Return how many messages may be accepted in all."""

    def send(self, case: Case, *, nonce: str | None = None) -> Exchange:
        """Send one case; with the same nonce it is the very same request."""

    def send_together(self, cases: Sequence[tuple[Case, Tags]]) -> list[Exchange]:
        """Send cases at the same moment."""

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Send fewer requests a second from now on."""


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What a conversation gathered. `exchanges` grows while it lasts.

    `left_out` names the questions that were not asked for the budget, `for_budget` the clauses that they are about.
    `too_dear` are the clauses that only a balance or limit shows for which the budget has no room, each with why;
    `share` is how many accepted messages they may take together.
    `complete` tells that the asking was not broken off.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    withheld: dict[str, int] = field(default_factory=dict)
    budget_spent: str | None = None
    left_out: set[str] = field(default_factory=set)
    too_dear: dict[str, str] = field(default_factory=dict)
    share: int = 0
    for_budget: set[str] = field(default_factory=set)
    environment_error: str | None = None
    stopped: str | None = None
    complete: bool = False
    notes: tuple[str, ...] = ()


class _Stop(Exception):
    """Nothing more can be asked of this target."""


class Conversation:
    """Asks what a plan says, through the client, and gathers the evidence.

    Before each case `enough` is asked whether what was gathered suffices. `share` is how many accepted messages
    balances and limits may take; None: what the plan leaves them.
    """

    def __init__(
        self,
        contract: Contract,
        profile: Profile,
        client: Sender,
        plan: Plan,
        *,
        clock: RunClock,
        token: Callable[[], str],
        tell: Tell,
        keep: Callable[[Exchange], None],
        enough: Callable[[Sequence[Exchange]], bool] | None = None,
        time_limit: TimeLimit | None = None,
        share: int | None = None,
    ) -> None:
        self._contract, self._profile, self._door, self._plan = contract, profile, client, plan
        self._keep, self.token, self._clock = keep, token, clock
        self._enough = enough
        self._time_limit = time_limit or TimeLimit()
        self._time_spent: str | None = None
        self._progress = Progress(len(plan.cases), tell)
        self._retry_policy = RetryPolicy(self.wait, profile.budget.retry_after_s, pause=self.pause)
        self._slots = Slots(contract.provider, client.room)
        self._breakers = Breakers(contract.provider)
        self._keys = Keys(contract.provider)
        self._again = AskingAgain(contract, self, self._slots, self._retry_policy)
        self._once_more: list[tuple[float, Case]] = []
        self._held: set[str] = set()
        self._share, self._given_share = 0, share
        self.has_accepted = False
        self._refused: Case | None = None
        self.evidence = Evidence(share=share or 0)

    def hold(self) -> Evidence:
        """Ask everything. An interruption leaves what is known so far in `evidence`."""
        try:
            self._preflight()
            self._play()
            if self._last is not None:
                self._slots.hold(self._last)
            self._ask_cases()
            self._ask_once_more()
            self._let_one_pass()
            self._ask_postponed()
            self._again.postponed.extend(self._again.at_the_end)
            self._ask_postponed()
            self._close()
            self.evidence.complete = True
        except _Stop as stop:
            self.evidence.stopped = str(stop)
        finally:
            spent = () if self._time_spent is None else (self._time_spent,)
            self.evidence.notes = (*spent, *self._breakers.told())
        return self.evidence

    def _preflight(self) -> None:
        controls = [case for case in self._plan.cases if case.family == CONTROLS][:_PREFLIGHT_ATTEMPTS]
        attempts: list[Exchange] = []
        for case in controls:
            try:
                exchange = self.ask(case)
            except BudgetSpent as spent:
                asked = self.evidence.exchanges
                cause = diagnosis(self._contract, self._profile, asked) if asked else "preflight:"
                self.evidence.environment_error = f"{cause} {spent}"
                raise _Stop("the preflight failed") from spent
            if exchange is None:
                continue
            attempts.append(exchange)
            if is_let_in(self._contract.provider, exchange):
                return
            if exchange.response is None:
                break
        if attempts:
            self.evidence.environment_error = diagnosis(self._contract, self._profile, attempts)
        else:
            self.evidence.environment_error = "preflight: no valid message can be made. Check budget and recipients."
        raise _Stop("the preflight failed")

    def _play(self) -> None:
        provider = self._contract.provider
        plays: dict[str, Callable[[], None]] = {
            scenarios.IDEMPOTENCY: lambda: scenarios.idempotency(provider, self),
            scenarios.CREDITS: self._spend_balances,
            scenarios.AT_ONCE: lambda: scenarios.at_once(provider, self),
            scenarios.RATE_LIMITS: self._reach_limits,
        }
        if self._given_share is None:
            self.evidence.share = self._share_of_fixtures()
        self._share = self.evidence.share
        clauses = dict(scenarios.clauses_of_scenarios(self._contract))
        for name in self._plan.scenarios:
            try:
                plays[name]()
            except BudgetSpent as spent:
                self._end(spent)
                self._leave_out(name, clauses[name])

    def _share_of_fixtures(self) -> int:
        """Return how many accepted messages balances and limits may take together."""
        provider, budget = self._contract.provider, self._profile.budget
        lacking = set(self._profile.missing_fixtures(provider))
        cases = [case for case in self._plan.cases if not lacking.intersection(case.needs)]
        done = {control for name in self._plan.scenarios for control in scenarios.STANDS_FOR.get(name, {}).values()}
        shown = {clause for case in cases if case.id in done for clause in case.clauses}
        gating = {clause.id for clause in self._contract.clauses.values() if clause.gates} - shown
        left_over = (case for case in cases if case.id not in done)
        others = sum(scenarios.messages_of(provider, name, room=self._slots.left) for name in self._plan.scenarios)
        share = share_of_fixtures(self._slots.left, left_over, gating, others=others)
        most = [share, budget.max_requests // _SHARE_OF_OTHER_BUDGETS]
        if budget.max_credits is not None and provider.prices:
            most.append(int(budget.max_credits // max(provider.prices.values())) // _SHARE_OF_OTHER_BUDGETS)
        return min(most)

    def _spend_balances(self) -> None:
        account = self._profile.account()
        for left, (key, balance) in zip(range(len(account.balances), 0, -1), account.balances.items(), strict=True):
            most, is_told, mms = self._share // left, key in account.mms_balances, account.mms_balances.get(key)
            steps = credit_sequence(balance, most=most, is_one_pool=is_told and mms is None, mms=mms)
            if (needed := messages_of_steps(steps, balance, mms)) > most:
                self._is_too_dear(scenarios.CREDITS, f"a balance of {balance}", needed, most)
                steps = taste(most)
            self._share -= min(needed, most)
            scenarios.spending(self._contract.provider, self, key, steps)

    def _reach_limits(self) -> None:
        limits = self._profile.account().rate_limits
        for left, (key, limit) in zip(range(len(limits), 0, -1), limits.items(), strict=True):
            most = self._share // left
            rounds = rate_rounds(limit.limit, most)
            if (needed := least_for_limit(limit.limit)) > most:
                self._is_too_dear(scenarios.RATE_LIMITS, f"a limit of {limit.limit} messages", needed, most)
            self._share -= min(messages_of_rounds(rounds, limit.limit) or most, most)
            scenarios.rate_limits(self._contract.provider, self, key, limit, rounds, most)

    def _is_too_dear(self, scenario: str, what: str, needed: int, most: int) -> None:
        """Remember which clauses a fixture leaves open, since the budget has no room for all that it would take."""
        clauses = dict(scenarios.clauses_of_scenarios(self._contract))[scenario]
        why = f"{what} takes {needed} accepted messages to reach, and the budget has room for {most}"
        self.evidence.too_dear.update(dict.fromkeys(clauses, why))

    def _ask_cases(self) -> None:
        asked = {exchange.case for exchange in self.evidence.exchanges} | self._stood_for()
        opened = open_cases(self._plan.cases, room=self._door.room, max_requests=self._profile.budget.max_requests)
        for place, case in enumerate(self._plan.cases):
            if self._enough is not None and self._enough(self.evidence.exchanges):
                return
            if case.id in asked and case.family == CONTROLS:
                continue
            left = self._profile.budget.max_requests - self._door.traffic.requests
            self._ask_once_more(until_s=math.inf if left <= _KEPT else self._clock.now() + _IN_TIME_S)
            self._ask_postponed(later_than=_MEANWHILE)
            if self._breakers.holds_back(case):
                continue
            if case.may_be_accepted and not (self._slots.has_room(case) and (case.id in opened or not is_open(case))):
                self.evidence.budget_spent = f"{self._profile.budget.max_accepted} accepted messages"
                self._leave_out(case.id, case.clauses)
                continue
            try:
                self._keep_one_for_the_last(left)
                self.ask(case)
            except BudgetSpent as spent:
                self._end(spent)
                self._leave_out(case.id, case.clauses)
                if spent.setting in _ENDING:
                    for other in self._plan.cases[place:]:
                        if not self._breakers.holds_back(other):
                            self._leave_out(other.id, other.clauses)
                    return

    def _keep_one_for_the_last(self, left: int) -> None:
        """Raise `BudgetSpent` where the requests that are left are for the last message of all."""
        if left <= _KEPT_FOR_THE_LAST and self._last is not None:
            budget = self._profile.budget.max_requests
            raise BudgetSpent("max_requests", budget - left, budget, more=", and one is kept for the last")

    def _stood_for(self) -> set[str]:
        """Return the cases that need not be asked, since a scenario had the same message accepted."""
        accepted = {item.case for item in self.evidence.exchanges if is_accepted(self._contract.provider, item)}
        controls = (control for of_one in scenarios.STANDS_FOR.values() for control in of_one.items())
        return {control for name, control in controls if name in accepted}

    def _leave_out(self, question: str, clauses: Iterable[str]) -> None:
        """Remember a question that was not asked for the budget, and the clauses that it is about."""
        self.evidence.left_out.add(question)
        self.evidence.for_budget.update(clauses)

    def _end(self, spent: BudgetSpent) -> None:
        """Remember that something could not be asked any more, and what to raise for it."""
        self.evidence.budget_spent = str(spent)
        if spent.setting == "max_duration_s" and self._time_spent is None:
            self._time_spent = str(spent)

    def _ask_postponed(self, *, later_than: int = 0) -> None:
        """Ask once more what twice had no answer, or a failure: after so many others an outage is over.

        If it is not, or another one is there, at the end of all.
        """
        while self._again.postponed and len(self.evidence.exchanges) - self._again.postponed[0][0] >= later_than:
            _, case, nonce = self._again.postponed.popleft()
            if case.id in self._held:
                self._held.remove(case.id)
                self._slots.give_back(case)
            if not case.may_be_accepted or self._slots.has_room(case):
                try:
                    exchange = self.ask_once(case, nonce=nonce)
                except BudgetSpent as spent:
                    self._end(spent)
                else:
                    self._again.postpone(case, exchange, nonce, to=self._again.at_the_end)

    def _let_one_pass(self) -> None:
        """Send a valid message between a failure and what is asked again, if nothing has passed since.

        Only what fails again while others pass fails for what it is.
        """
        since = max((count for count, _, _ in self._again.postponed), default=None)
        if since is None or any(is_accepted(self._contract.provider, one) for one in self.evidence.exchanges[since:]):
            return
        control = next((case for case in self._plan.cases if case.family == CONTROLS), None)
        if control is not None and self._slots.has_room(control):
            with suppress(BudgetSpent):
                self.ask_once(control)

    def _ask_once_more(self, *, until_s: float = math.inf) -> None:
        """Ask what was to be asked as late as possible, but before a moment that comes before `until_s`."""
        due = [item for item in self._once_more if item[0] <= until_s]
        self._once_more = [item for item in self._once_more if item[0] > until_s]
        for due_s, case in due:
            self._clock.skip_to(due_s - _IN_TIME_S)
            try:
                self.ask_once(case)
            except BudgetSpent as spent:
                self._end(spent)

    @property
    def _last(self) -> Case | None:
        """The message that is sent at the end: without a sender, if that is permitted."""
        provider = self._contract.provider
        controls = [case for case in self._plan.cases if case.family == CONTROLS]
        sender = provider.fields.get("sender", "").encode()
        bare = (case for case in controls if provider.has_default_sender and b'"%s"' % sender not in case.body)
        return next(bare, next(iter(controls), None))

    def _close(self) -> None:
        """Send one valid message at the end: what is let in then was let in all along.

        It leaves out the sender, if it may: the default one is to be the same as at the beginning. If none is left,
        something that is refused shows that the target still answers.
        """
        control = self._last
        if control is not None:
            self._slots.give_back(control)
        if control is not None and self._slots.has_room(control):
            try:
                self.ask(control)
            except BudgetSpent as spent:
                self._end(spent)
        elif self._refused is not None and has_failed(self._contract.provider, self.evidence.exchanges[-1]):
            with suppress(BudgetSpent):
                self.ask_once(self._refused)

    def ask(self, case: Case) -> Exchange | None:
        """Send a case; after an unexpected 429 wait and ask again, and so where an answer leaves something open."""
        case = self._keys.applied(case)
        nonce = self.token() if self._keys.has_its_own(case) else None
        exchange = self.ask_once(case, nonce=nonce)
        for _ in range(_PATIENCE - 1):
            if not (exchange and self._is_throttled(exchange) and self._retry_policy.waited_for_throttling(exchange)):
                break
            self._door.slow_down()
            exchange = self.ask_once(case)
        exchange = self._again.asked(case, exchange, nonce)
        if exchange is not None and case.id not in self._held and self._may_be_paid_later(case, exchange):
            # What comes in between must not take its slot.
            self._slots.hold(case)
            self._held.add(case.id)
            self._again.at_the_end.append((len(self.evidence.exchanges), case, None))
        return exchange

    def _may_be_paid_later(self, case: Case, exchange: Exchange) -> bool:
        """Whether a message was refused for want of credits that somebody may add while the run lasts."""
        is_main = case.may_be_accepted and case.key == _MAIN_KEY
        return is_main and is_short_of_credits(self._contract, exchange)

    def ask_once(self, case: Case, *, nonce: str | None = None) -> Exchange | None:
        """Send a case and take a 429 as the answer; None where it cannot be made or may not leave."""
        try:
            with held_back(second_breaks=True):
                exchange = self._door.send(case, nonce=nonce)
                self._record([exchange])
        except (Unbindable, Withheld) as reason:
            self._count(type(reason).__name__)
            return None
        self._note([(exchange, case)])
        return exchange

    def ask_together(self, cases: list[Case]) -> list[Exchange]:
        """Send several at the same time and take a 429 as the answer."""
        try:
            with held_back(second_breaks=True):
                exchanges = self._door.send_together([(case, ()) for case in cases])
                self._record(exchanges)
        except (Unbindable, Withheld) as reason:
            self._count(type(reason).__name__)
            return []
        self._note(zip(exchanges, cases, strict=True))
        return exchanges

    def ask_late(self, case: Case, *, within_s: float) -> None:
        """Send a case later on, as late as the run goes on, but within so many seconds."""
        self._once_more.append((self._clock.now() + within_s, case))

    def wait(self, seconds: float, why: str) -> None:
        """Let the time of the target pass; BudgetSpent where the run has no such time left."""
        if self._clock.takes_time:
            self._time_limit.check(seconds, why)
        self._wait(seconds, why)

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Halve the pace, or leave at least so many seconds between two requests from now on."""
        self._door.slow_down(to_at_least_s=to_at_least_s)

    def pause(self, seconds: float, why: str) -> None:
        """Let the time of the target pass, as much of it as the run has."""
        self._wait(min(seconds, self._time_limit.left_s) if self._clock.takes_time else seconds, why)

    def _wait(self, seconds: float, why: str) -> None:
        if self._clock.takes_time:
            label, at_once = f"waiting {seconds:.0f} s: {why}", seconds >= _TOLD_FROM_S
            self._progress.tell(self._progress.done, self._progress.total, label, at_once=at_once)
        self._clock.wait(seconds if self._clock.takes_time else min(seconds, _LONGEST_MOVE_S))

    def _record(self, exchanges: Iterable[Exchange]) -> None:
        """Keep what came of some requests: a run that is interrupted has all in its evidence that it spent."""
        for exchange in exchanges:
            self.evidence.exchanges.append(exchange)
            self._keep(exchange)

    def _note(self, asked: Iterable[tuple[Exchange, Case]]) -> None:
        """Take what came of some requests into account."""
        ends = None
        for exchange, case in asked:
            for counter in (self._breakers, self._keys, self._slots):
                counter.note(case, exchange)
            self.has_accepted |= is_accepted(self._contract.provider, exchange)
            self._progress.step(case.family)
            if (
                case.expects == "refuse"
                and is_refused(self._contract.provider, exchange)
                and not self._is_throttled(exchange)
            ):
                self._refused = case
            ends = exchange if self._retry_policy.is_at_an_end(exchange) else ends
        if ends is not None:
            self._knock(ends)

    def _knock(self, last: Exchange) -> None:
        """Ask what was refused before, which costs nothing: if that is lost too, nothing answers any more."""
        if self._refused is None or (is_lost(last) and last.case == self._refused.id):
            failure = last.failure or "dropped"
            cause = f": {no_answer(self._profile, failure)}" if failure in OF_A_PROXY else f" ({failure})"
            raise _Stop(f"{LOST_IN_A_ROW} requests in a row were not answered{cause}")
        self.ask_once(self._refused)

    def accepted_left(self) -> int:
        """Return how many messages that ought to be accepted may still be asked for."""
        return self._slots.left

    def _count(self, reason: str) -> None:
        self.evidence.withheld[reason] = self.evidence.withheld.get(reason, 0) + 1

    def asked_count(self) -> int:
        """Return how many requests were sent."""
        return len(self.evidence.exchanges)

    def _is_throttled(self, exchange: Exchange) -> bool:
        state = self._profile.account().keys.get(exchange.credential.key or "")
        return is_throttled(self._contract.provider, exchange) and state != "daily_exhausted"
