"""A dry run: the conversation that would be held, answered as a service that keeps every promise would."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sendproof.contract.outcome import Outcome
from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case, tokens_in
from sendproof.exchange import Exchange, Request, Response
from sendproof.judge.parsing import parse
from sendproof.judge.texts_and_numbers import segments
from sendproof.target.binding import BoundRequest, RecipientGuard
from sendproof.target.budget import Allowance
from sendproof.target.client import Traffic, unique_nonces
from sendproof.target.pacing import Pacing
from sendproof.target.profile import Profile

_ACCEPTED, _REFUSED, _THROTTLED = 201, 400, 429
_JSON = (("Content-Type", "application/json"),)
# The fastest services take as long: what is sent at once overlaps, and nothing else does.
_ANSWERED_AFTER_S = 0.001


class DryRunClock:
    """A time that passes only where the run waits."""

    takes_time = False

    def __init__(self) -> None:
        self.at_s = 0.0

    def now(self) -> float:
        """Return the seconds that have passed."""
        return self.at_s

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.at_s += seconds

    def wait(self, seconds: float) -> None:
        """Let time pass at once."""
        self.at_s += seconds

    def skip_to(self, moment: float) -> None:
        """Do nothing: the real run will not skip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRequest:
    """One request that would be sent. `numbers` are those that it would reach, were it accepted.

    `is_message` says that it makes a message of its own: a retry makes none. `segments` are what it would be split
    into on its way.
    """

    case: Case
    numbers: tuple[str, ...]
    status: int
    is_message: bool
    price: int
    text_length: int
    segments: int

    @property
    def is_accepted(self) -> bool:
        """Whether a service that keeps every promise accepts it."""
        return self.status == _ACCEPTED


class DryRun:
    """Stands in the place of the client and sends nothing.

    `short_code` is the code that is documented for too few credits. What an answer holds is enough for its outcome.
    """

    def __init__(
        self,
        profile: Profile,
        provider: Provider,
        clock: DryRunClock,
        budget: Allowance,
        pacing: Pacing,
        *,
        short_code: int | None = None,
    ) -> None:
        self._profile, self._provider, self._clock = profile, provider, clock
        self._short_code = short_code
        self._budget, self._pacing = budget, pacing
        self._guard = RecipientGuard(profile, provider)
        self._nonces = unique_nonces()
        self._accepted_s: dict[str, list[float]] = defaultdict(list)
        self._balances = dict(profile.balances)
        self._apart = {key: apart for key, apart in profile.mms_balances.items() if apart is not None}
        self._replayable: dict[tuple[str, str], str] = {}
        self.sent: list[DryRequest] = []

    @property
    def traffic(self) -> Traffic:
        """Return what would have gone through so far."""
        return Traffic(requests=self._budget.requests, accepted=self._budget.accepted, withheld=self._guard.withheld)

    @property
    def messages_allowed(self) -> int:
        """Return how many messages may be accepted in all."""
        return self._budget.messages_allowed

    def slow_down(self, *, to_at_least_s: float = 0.0) -> None:
        """Change nothing: a service that keeps every promise throttles nothing that it should accept."""

    def send(self, case: Case, *, nonce: str | None = None) -> Exchange:
        """Answer one case."""
        return self._answer([(case, self._guard.bound(case, nonce or next(self._nonces)))])[0]

    def send_together(self, cases: Sequence[Case]) -> list[Exchange]:
        """Answer cases that would be sent at the same moment."""
        return self._answer([(case, self._guard.bound(case, next(self._nonces))) for case in cases])

    def _answer(self, requests: Sequence[tuple[Case, BoundRequest]]) -> list[Exchange]:
        prices = [self._guard.price(bound.body) for _, bound in requests]
        refusable = not any(case.may_be_accepted for case, _ in requests)
        self._budget.reserve(len(requests), credits_=sum(prices), should_be_refused=refusable)
        self._pacing.acquire(len(requests))
        exchanges = [self._answered(case, bound, price) for (case, bound), price in zip(requests, prices, strict=True)]
        self._clock.sleep(_ANSWERED_AFTER_S)
        return exchanges

    def _answered(self, case: Case, bound: BoundRequest, price: int) -> Exchange:
        message = _message(self._provider, bound.body)
        status, answer, is_message = self._reply(case, message, price)
        self._budget.settle(accepted=status == _ACCEPTED, credits_=price)
        text = str(message.get(self._provider.fields["text"], ""))
        self.sent.append(
            DryRequest(
                case=case,
                numbers=_numbers(case, self._profile),
                status=status,
                is_message=is_message,
                price=price,
                text_length=len(text),
                segments=1 if message.get(self._provider.fields.get("media", "")) else segments(text),
            )
        )
        return Exchange(
            id=f"x{len(self.sent)}",
            request=Request(method=bound.method, path=bound.path, headers=bound.headers, body=bound.body),
            response=Response(status=status, headers=_JSON, body=json.dumps(answer).encode()),
            credential=bound.credential,
            started_s=self._clock.now(),
            elapsed_s=_ANSWERED_AFTER_S,
            case=case.id,
        )

    def _reply(self, case: Case, message: Mapping[str, object], price: int) -> tuple[int, Mapping[str, object], bool]:
        """Return the status, the answer, and whether a message of its own was made, or would have been."""
        # The very same message with the same key is answered alike, whatever else a service may do with it.
        has_key = bool(message.get(self._provider.fields.get("idempotency", "")))
        retried = (case.key, json.dumps(message, sort_keys=True))
        if has_key and retried in self._replayable:
            return _ACCEPTED, self._accepted(message, self._replayable[retried]), False
        # What a balance did not pay for at first is asked again as something that may be accepted.
        is_retry = case.expects == "either" and case.key in self._balances
        if case.expects != "accept" and not is_retry:
            return _REFUSED, {}, True
        now = self._clock.now()
        limit = self._profile.rate_limits.get(case.key)
        recent = self._accepted_s[case.key]
        if limit is not None and sum(now - at_s < limit.window_s for at_s in recent) >= limit.limit:
            return _THROTTLED, {}, True
        if not self._pay(case.key, price):
            return _REFUSED, {} if self._short_code is None else {"code": self._short_code}, True
        recent.append(now)
        identity = f"m{len(self.sent)}"
        self._replayable[retried] = identity
        return _ACCEPTED, self._accepted(message, identity), True

    def _accepted(self, message: Mapping[str, object], identity: str) -> Mapping[str, object]:
        """Return what an accepted message is answered with, as far as the contract has pointers."""
        values = {role: message.get(name) for role, name in self._provider.fields.items()}
        answer: dict[str, object] = {}
        for role, pointer in self._provider.answer.items():
            if (value := identity if role == "id" else values.get(role)) is not None:
                _put(answer, pointer, value)
        for rule in self._provider.outcomes[Outcome.ACCEPTED]:
            if rule.at is not None:
                _put(answer, rule.at, rule.equals)
        return answer

    def _pay(self, key: str, price: int) -> bool:
        """Take the price of a message from what a key has left, and return whether it is enough."""
        balance, apart = self._balances.get(key), self._apart.get(key)
        prices = self._provider.prices
        kept = price - prices["sms"] if apart is not None and price == prices["mms"] else 0
        if (balance is not None and balance < price - kept) or (apart or 0) < kept:
            return False
        if balance is not None:
            self._balances[key] = balance - price + kept
        if apart is not None:
            self._apart[key] = apart - kept
        return True


def _put(answer: Any, pointer: str, value: object) -> None:
    """Put a value at a JSON pointer, with the objects and the lists of one entry that it stands in."""
    names = pointer.removeprefix("/").split("/")
    for name, following in pairwise(names):
        inner: Any = [{}] if following.isdecimal() else {}
        answer = answer[int(name)] if isinstance(answer, list) else answer.setdefault(name, inner)
    answer[int(names[-1]) if isinstance(answer, list) else names[-1]] = value


def _message(provider: Provider, body: bytes) -> Mapping[str, object]:
    message = parse(body, provider.body_format).value
    return message if isinstance(message, dict) else {}


def _numbers(case: Case, profile: Profile) -> tuple[str, ...]:
    """Return the profile's numbers that a case asks a message for."""
    found = (_number(token, profile) for token in tokens_in(case.body))
    return tuple(dict.fromkeys(number for number in found if number))


def _number(token: str, profile: Profile) -> str | None:
    role, _, rest = token.partition(".")
    if role in ("recipient", "recipient2"):
        return profile.recipients[-1 if len(profile.recipients) == 1 else int(role == "recipient2")]
    return profile.failing_recipients.get(rest.partition(".")[2]) if role == "fixture" else None
