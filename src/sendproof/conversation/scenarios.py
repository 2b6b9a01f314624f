"""Scenarios: what one request cannot show. Each asks; none judges.

`Scenarios` plays those of a plan within its budget; the functions below it send what each of them is about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from sendproof.account import RateLimit
from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.contract.samples import with_serial
from sendproof.conversation.answers import is_accepted, is_failed, is_refused, is_throttled
from sendproof.conversation.asker import Asker
from sendproof.conversation.balances_and_limits import AT_ONCE as AT_ONCE_STEP
from sendproof.conversation.balances_and_limits import (
    FAULTY,
    LONG,
    MMS,
    RETRY,
    SMS,
    SMS_AT_ONCE,
    Round,
    credit_sequence,
    least_for_limit,
    messages_of_rounds,
    messages_of_steps,
    over_half,
    rate_rounds,
    share_of_fixtures,
    taste,
)
from sendproof.conversation.plan import SCENARIO, Plan
from sendproof.corpus.case import Case, token
from sendproof.corpus.message_builder import compact, content_type, fields_of, media_token, numbered
from sendproof.exchange import Exchange
from sendproof.target.budget import BudgetSpent
from sendproof.target.profile import Profile

IDEMPOTENCY, CREDITS, RATE_LIMITS, AT_ONCE = "idempotency", "credits", "rate_limits", "at_once"
_CHECKS = {
    IDEMPOTENCY: ("replay",),
    CREDITS: ("spending",),
    RATE_LIMITS: ("rate_limit", "throttled_envelope", "observe_throttled"),
    AT_ONCE: ("unique_id",),
}
# A message with a key is sent so often: once, and once again.
_RETRIES = 2
# A key is known for 30 s (see `sendproof.judge.retries`): a retry as late as that, but for the time that it takes.
_LATE_S = 28.0
_LATE_RETRIES = 1
# So many retries are sent at the same moment; two that were served are enough to compare.
_AT_ONCE, _LEAST_AT_ONCE = 3, 2
_KEYS_BY_CASE = 1
# Longer than the second for which most limits of requests count.
_MOMENT_S = 1.2
# A pace that a limit of one request a second lets pass, the strictest of those that are common.
_SLOW_PACE_S = 1.2
# So many more than a limit are sent at once; one after the other, until one is refused, but at most so many.
_BEYOND, _MOST_BEYOND = 3, 10
# So many characters of GSM-7 are three segments (307 to 459), and within what any document permits.
_LONG_LENGTH = 400
# For each scenario its messages that need not be asked once more, as which control, if they were accepted.
STANDS_FOR: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        IDEMPOTENCY: {"idempotency.retry-sms": "plain.idempotency", "idempotency.retry-mms": "plain.media"},
        AT_ONCE: {"at_once.1": "plain.recipient2", "at_once.2": "plain.sender2"},
    }
)
_RECIPIENTS = ("recipient", "recipient2")
# Of requests and credits balances and limits take no more than this part.
_SHARE_OF_OTHER_BUDGETS = 3
_STEP_NAMES = {SMS: "sms", LONG: "long-sms", MMS: "mms"}
# A budget with so many messages left can afford two bursts of retries: a race shows itself in one of several.
_AMPLE = 100
# Two keys that differ at their end, the second of which would fit the first as a pattern; or else two as
# ordinary, and as short, as every service should take.
_NEAR_KEYS = ((64, "a_"), (36, "ab"))


class ScenarioAsker(Protocol):
    """What a scenario may do."""

    def ask(self, case: Case) -> Exchange | None:
        """Send one case; None where it cannot be made for this target."""

    def ask_once(self, case: Case) -> Exchange | None:
        """Send one case and take a 429 as the answer."""

    def ask_together(self, cases: list[Case]) -> list[Exchange]:
        """Send several at the same time and take a 429 as the answer."""

    def ask_late(self, case: Case, *, within_s: float) -> None:
        """Send a case later on, as late as the run goes on, but within so many seconds."""

    def wait(self, seconds: float, why: str) -> None:
        """Let the time of the target pass, for a reason that the user may see."""

    def slow_down(self, *, to_at_least_s: float) -> None:
        """Leave at least so many seconds between two requests from now on."""

    def token(self) -> str:
        """Return 24 letters and digits, unlike in every call."""

    def accepted_left(self) -> int:
        """Return how many messages may still be accepted."""


class Scenarios:
    """The scenarios of a plan, and what they may take of its budget.

    `share` is how many accepted messages balances and limits may take together; None: what the plan leaves them.
    """

    def __init__(
        self, contract: Contract, profile: Profile, plan: Plan, asker: Asker, *, share: int | None = None
    ) -> None:
        self._contract, self._profile, self._plan, self._asker = contract, profile, plan, asker
        self._given_share, self._share_left = share, 0
        asker.evidence.share = share or 0

    def play(self) -> None:
        """Ask what the scenarios of the plan ask, one after the other."""
        provider = self._contract.provider
        plays: dict[str, Callable[[], None]] = {
            IDEMPOTENCY: lambda: idempotency(provider, self._asker),
            CREDITS: self._spend_balances,
            AT_ONCE: lambda: at_once(provider, self._asker),
            RATE_LIMITS: self._reach_limits,
        }
        if self._given_share is None:
            self._asker.evidence.share = self._affordable_share()
        self._share_left = self._asker.evidence.share
        clauses = dict(clauses_of_scenarios(self._contract))
        for name in self._plan.scenarios:
            try:
                plays[name]()
            except BudgetSpent as spent:
                self._asker.evidence.note_spent(spent)
                self._asker.evidence.leave_out(name, clauses[name])

    def _affordable_share(self) -> int:
        """Return how many accepted messages balances and limits may take together."""
        provider, budget = self._contract.provider, self._profile.budget
        lacking = set(self._profile.missing_fixtures(provider))
        cases = [case for case in self._plan.cases if not lacking.intersection(case.needs)]
        done = {control for name in self._plan.scenarios for control in STANDS_FOR.get(name, {}).values()}
        shown = {clause for case in cases if case.id in done for clause in case.clauses}
        gating = {clause.id for clause in self._contract.clauses.values() if clause.gates} - shown
        left_over = (case for case in cases if case.id not in done)
        others = sum(messages_of(provider, name, left=self._asker.slots.left) for name in self._plan.scenarios)
        share = share_of_fixtures(self._asker.slots.left, left_over, gating, others=others)
        most = [share, budget.max_requests // _SHARE_OF_OTHER_BUDGETS]
        if budget.max_credits is not None and provider.prices:
            most.append(int(budget.max_credits // max(provider.prices.values())) // _SHARE_OF_OTHER_BUDGETS)
        return min(most)

    def _spend_balances(self) -> None:
        account = self._profile.account()
        for left, (key, balance) in zip(range(len(account.balances), 0, -1), account.balances.items(), strict=True):
            most, is_stated, mms = self._share_left // left, key in account.mms_balances, account.mms_balances.get(key)
            steps = credit_sequence(balance, most=most, is_one_pool=is_stated and mms is None, mms=mms)
            if (needed := messages_of_steps(steps, balance, mms)) > most:
                self._is_too_dear(CREDITS, f"a balance of {balance}", needed, most)
                steps = taste(most)
            self._share_left -= min(needed, most)
            spend_balance(self._contract.provider, self._asker, key, steps)

    def _reach_limits(self) -> None:
        limits = self._profile.account().rate_limits
        for left, (key, limit) in zip(range(len(limits), 0, -1), limits.items(), strict=True):
            most = self._share_left // left
            rounds = rate_rounds(limit.limit, most)
            if (needed := least_for_limit(limit.limit)) > most:
                self._is_too_dear(RATE_LIMITS, f"a limit of {limit.limit} messages", needed, most)
            self._share_left -= min(messages_of_rounds(rounds, limit.limit) or most, most)
            reach_limit(self._contract.provider, self._asker, key, limit, rounds, most)

    def _is_too_dear(self, scenario: str, what: str, needed: int, most: int) -> None:
        """Remember which clauses a fixture leaves open, since the budget has no room for all that it would take."""
        clauses = dict(clauses_of_scenarios(self._contract))[scenario]
        why = f"{what} takes {needed} accepted messages to reach, and the budget has room for {most}"
        self._asker.evidence.too_dear.update(dict.fromkeys(clauses, why))


def clauses_of_scenarios(contract: Contract) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each scenario with the clauses that it exercises."""
    for name, checks in _CHECKS.items():
        yield name, frozenset(clause.id for check in checks for clause in contract.with_check(check))


def messages_of(provider: Provider, scenario: str, *, left: int) -> int:
    """Return how many answers of a scenario ought to be acceptances, if it does not go by a fixture.

    `left` is how many messages the budget has left.
    """
    if scenario == AT_ONCE:
        return _AT_ONCE
    if scenario != IDEMPOTENCY or "idempotency" not in provider.fields:
        return 0
    kinds = 2 if "media" in provider.fields else 1
    at_once = _at_once_times(left) * (_AT_ONCE + 1)
    return kinds * _RETRIES + _LATE_RETRIES + at_once + len(_NEAR_KEYS[0][1]) + _KEYS_BY_CASE


def message(provider: Provider, name: str, *, key: str = "main", media: bool = False, **extra: str) -> Case:
    """Return a valid message; `extra` are fields by role."""
    spelling = provider.spellings[0]
    values = {"recipient": token("recipient", spelling), "text": provider.example_text}
    if "sender" not in provider.optional:
        values["sender"] = token("sender", spelling)
    needs = () if key == "main" else (key,)
    if media and provider.media_fixture:
        values["media"] = media_token(provider) or ""
        needs = (*needs, provider.media_fixture)
    body = compact(fields_of(provider, values | extra))
    case = Case(
        id=name,
        family=SCENARIO,
        body=body,
        method=provider.method,
        headers=content_type(provider),
        key=key,
        expects="accept",
        needs=needs,
    )
    return numbered(provider, case)


def idempotency(provider: Provider, asker: ScenarioAsker) -> None:
    """Send the same key again, at once, with another message, and keys that are almost the same."""
    if "idempotency" not in provider.fields:
        return
    kinds = (False, True) if "media" in provider.fields else (False,)
    retried = [
        message(provider, f"idempotency.retry-{'mms' if media else 'sms'}", media=media, idempotency=asker.token())
        for media in kinds
    ]
    for case in retried:
        for _ in range(_RETRIES):
            asker.ask(case)
    asker.ask_late(retried[0], within_s=_LATE_S)
    key = json.loads(retried[-1].body)[provider.fields["idempotency"]]
    other = message(provider, "idempotency.other-payload", idempotency=key, text="Another message.")
    asker.ask(replace(other, expects="either"))
    _at_once(provider, asker)
    _near_keys(provider, asker)


def _at_once_times(left: int) -> int:
    return 2 if left > _AMPLE else 1


def _at_once(provider: Provider, asker: ScenarioAsker) -> None:
    for number in range(_at_once_times(asker.accepted_left())):
        case = message(provider, f"idempotency.at-once-{number}", idempotency=asker.token())
        together = asker.ask_together([case] * _AT_ONCE)
        accepted = sum(is_accepted(provider, exchange) for exchange in together)
        throttled = sum(is_throttled(provider, exchange) for exchange in together)
        if together and (not accepted or len(together) - throttled < _LEAST_AT_ONCE):
            # A limit of requests stood in the way: it is over after a moment. Without an id the key is as good as new.
            asker.wait(_MOMENT_S, "requests that were sent at once were refused for their number")
            if accepted:
                case = message(provider, f"idempotency.at-once-{number}-again", idempotency=asker.token())
            asker.ask_together([case] * _AT_ONCE)
        asker.ask(case)


def _near_keys(provider: Provider, asker: ScenarioAsker) -> None:
    for length, ends in _NEAR_KEYS:
        stem = (asker.token() + asker.token() + asker.token())[: length - 1]
        cases = [message(provider, f"idempotency.distinct-{end}", idempotency=stem + end) for end in ends]
        if all(exchange is not None and is_accepted(provider, exchange) for exchange in map(asker.ask, cases)):
            break
    asker.ask(message(provider, "idempotency.key-case", idempotency=(stem + ends[0]).swapcase()))


def spend_balance(provider: Provider, asker: ScenarioAsker, key: str, steps: str) -> None:
    """Spend the balance of a metered key, in the steps of `credit_sequence`."""
    sent: Case | None = None
    for number, step in enumerate(steps):
        if step == FAULTY:
            asker.ask(_without_text(provider, key))
        elif step == AT_ONCE_STEP:
            names = (f"credits.{number}-at-once-{place}" for place in range(SMS_AT_ONCE))
            asker.ask_together([message(provider, name, key=key) for name in names])
        elif step != RETRY:
            sent = _step_message(provider, asker, key, number, step)
            asker.ask(sent)
        elif sent is not None and "idempotency" in provider.fields:
            # It makes no message of its own where all is well, and takes no place of one that ought to be accepted.
            asker.ask(replace(sent, expects="either"))


def _without_text(provider: Provider, key: str) -> Case:
    faulty = message(provider, "credits.faulty", key=key)
    body = {name: value for name, value in json.loads(faulty.body).items() if name != provider.fields["text"]}
    return replace(faulty, body=json.dumps(body).encode(), expects="refuse", may_be_accepted=False)


def _step_message(provider: Provider, asker: ScenarioAsker, key: str, number: int, step: str) -> Case:
    """Return a message of a sequence, with an idempotency key, so that it can be asked again."""
    name = f"credits.{number}-{_STEP_NAMES[step]}"
    extra = {"idempotency": asker.token()} if "idempotency" in provider.fields else {}
    if step == LONG:
        extra["text"] = with_serial(
            " ".join([provider.example_text] * (_LONG_LENGTH // len(provider.example_text))), name
        )
    return message(provider, name, key=key, media=step == MMS, **extra)


def at_once(provider: Provider, asker: ScenarioAsker) -> None:
    """Send several messages at the same time, each of which is one of its own."""
    asker.ask_together(
        [
            message(provider, "at_once.0"),
            message(provider, "at_once.1", recipient=token("recipient2", provider.spellings[0])),
            message(provider, "at_once.2", sender=token("sender2", provider.spellings[0])),
        ]
    )


def reach_limit(
    provider: Provider, asker: ScenarioAsker, key: str, limit: RateLimit, rounds: Sequence[Round], most: int
) -> None:
    """Ask about the limit of a key in rounds, each after a pause of a window, with `most` messages or hardly more."""
    burst = _Burst(provider, asker, key, limit)
    over = False
    for number, one in enumerate(rounds):
        if number:
            _pause(asker, limit)
        if one == Round.BURST:
            over |= burst.one_after_the_other() > limit.limit
        elif one == Round.AT_ONCE:
            burst.at_once(again=most >= messages_of_rounds((*rounds, one), limit.limit))
        else:
            within = {Round.ONE: 1, Round.OVER_HALF: over_half(limit.limit)}
            for place in range(within.get(one, most)):
                asker.ask_once(burst.next_case(recipient=_RECIPIENTS[place % len(_RECIPIENTS)]))
    if over and most >= messages_of_rounds((*rounds, Round.BURST), limit.limit):
        # Windows that follow the clock may have ended in a burst, by chance, but not in two.
        _pause(asker, limit)
        burst.one_after_the_other()


def _pause(asker: ScenarioAsker, limit: RateLimit) -> None:
    asker.wait(limit.window_s * 1.02 + 0.05, f"the window of a rate limit of {limit.limit} requests passes")


class _Burst:
    """Messages of one limited key without a pause, each with a text of its own, to two recipients if there are two.

    A limit counts them all. What a filter of duplicates would refuse is no limit.
    """

    def __init__(self, provider: Provider, asker: ScenarioAsker, key: str, limit: RateLimit) -> None:
        self._provider, self._asker, self._key, self._limit = provider, asker, key, limit
        self._made = 0
        self._is_slow = False

    def next_case(self, *, recipient: str = "recipient") -> Case:
        """Return another message than all before."""
        self._made += 1
        number = token(recipient, self._provider.spellings[0])
        return message(self._provider, f"rate_limits.burst-{self._made}", key=self._key, recipient=number)

    def one_after_the_other(self) -> int:
        """Ask until one is refused, then with another key; return how many were accepted.

        Stopped before the limit, it may have met one of a second that no document names: once more, then, and more
        slowly.
        """
        accepted, last = self._one_after_the_other()
        # In a longer one what refills would hide that nothing limits.
        fits = (self._limit.limit + 1) * _SLOW_PACE_S < self._limit.window_s / 3
        left = fits and self._asker.accepted_left() > self._limit.limit
        stopped = last is not None and (is_refused(self._provider, last) or is_throttled(self._provider, last))
        if stopped and 0 < accepted < self._limit.limit and left and not self._is_slow:
            self._is_slow = True
            self._asker.slow_down(to_at_least_s=_SLOW_PACE_S)
            _pause(self._asker, self._limit)
            accepted, _ = self._one_after_the_other()
        return accepted

    def _one_after_the_other(self) -> tuple[int, Exchange | None]:
        most = self._limit.limit + min(self._limit.limit, _MOST_BEYOND) + 1
        for count in range(most):
            case = self.next_case(recipient=_RECIPIENTS[count % len(_RECIPIENTS)])
            exchange = self._asker.ask_once(case)
            if exchange is not None and is_failed(self._provider, exchange):
                # A failure that passes is no limit. What was lost may have been sent, and is not asked again.
                exchange = self._asker.ask_once(case)
            if exchange is None or not is_accepted(self._provider, exchange):
                self._asker.ask_once(message(self._provider, f"rate_limits.other-key-{self._made}"))
                return count, exchange
        return most, None

    def at_once(self, *, again: bool) -> None:
        """Send more than the limit at the same moment, and once more where a window may have ended just then."""
        together = self._together()
        if again and sum(is_accepted(self._provider, exchange) for exchange in together) > self._limit.limit:
            _pause(self._asker, self._limit)
            self._together()

    def _together(self) -> list[Exchange]:
        return self._asker.ask_together([self.next_case() for _ in range(self._limit.limit + _BEYOND)])
