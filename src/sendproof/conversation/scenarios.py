"""Scenarios: what one request cannot show. Each asks; none judges."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Protocol

from sendproof.account import RateLimit
from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.conversation.answers import is_accepted, is_failed
from sendproof.conversation.credit_sequences import AT_ONCE as AT_ONCE_STEP
from sendproof.conversation.credit_sequences import FAULTY, LONG, MMS, RETRY, SMS, credit_sequence
from sendproof.corpus.case import Case
from sendproof.corpus.draft import media_token
from sendproof.exchange import Exchange

IDEMPOTENCY, CREDITS, RATE_LIMITS, AT_ONCE = "idempotency", "credits", "rate_limits", "at_once"
_CHECKS = {
    IDEMPOTENCY: ("replay",),
    CREDITS: ("spending",),
    RATE_LIMITS: ("rate_limit", "throttled_envelope", "observe_throttled"),
    AT_ONCE: ("unique_id",),
}
_RETRIES = 2
# A key is known for 30 s (see `sendproof.judge.retries`): a retry as late as that, but for the time that it takes.
_LATE_S = 28.0
_AT_ONCE = 3
# Longer than the second for which most limits of requests count.
_MOMENT_S = 1.2
_CONCURRENT_LIMIT = 10
_AT_BOUNDARY = 4
# So many characters of GSM-7 are three segments (307 to 459), and within what any document permits.
_LONG_LENGTH = 400
_STEP_NAMES = {SMS: "sms", LONG: "long-sms", MMS: "mms"}
_AMPLE = 100
# Two keys that differ at their end, the second of which would fit the first as a pattern; or else two as
# ordinary, and as short, as every service should take.
_NEAR_KEYS = ((64, "a_"), (36, "ab"))


class Asker(Protocol):
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
        """Let the time of the target pass, for a reason that the user may be told."""

    def token(self) -> str:
        """Return 24 letters and digits, unlike in every call."""

    def accepted_left(self) -> int:
        """Return how many messages may still be accepted."""


def clauses_of_scenarios(contract: Contract) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each scenario with the clauses that it exercises."""
    for name, checks in _CHECKS.items():
        yield name, frozenset(clause.id for check in checks for clause in contract.with_check(check))


def message(provider: Provider, name: str, *, key: str = "main", media: bool = False, **extra: str) -> Case:
    """Return a valid message; `extra` are fields by role."""
    fields = provider.fields
    values = {"recipient": "@{recipient}", "text": provider.example_text}
    if "sender" not in provider.optional:
        values["sender"] = "@{sender}"
    needs = () if key == "main" else (key,)
    if media and provider.media_fixture:
        values["media"] = media_token(provider) or ""
        needs = (*needs, provider.media_fixture)
    body = {fields[role]: value for role, value in (values | extra).items()}
    return Case(id=name, family="scenario", body=json.dumps(body).encode(), key=key, expects="accept", needs=needs)


def idempotency(provider: Provider, asker: Asker) -> None:
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


def _at_once(provider: Provider, asker: Asker) -> None:
    for number in range(2 if asker.accepted_left() > _AMPLE else 1):
        case = message(provider, f"idempotency.at-once-{number}", idempotency=asker.token())
        together = asker.ask_together([case] * _AT_ONCE)
        if together and not any(is_accepted(provider, exchange) for exchange in together):
            # A limit of requests stood in the way: it is over after a moment, and nothing was sent.
            asker.wait(_MOMENT_S, "requests that were sent at once were all refused")
            asker.ask_together([case] * _AT_ONCE)
        asker.ask(case)


def _near_keys(provider: Provider, asker: Asker) -> None:
    for length, ends in _NEAR_KEYS:
        stem = (asker.token() + asker.token() + asker.token())[: length - 1]
        cases = [message(provider, f"idempotency.distinct-{end}", idempotency=stem + end) for end in ends]
        if all(exchange is not None and is_accepted(provider, exchange) for exchange in map(asker.ask, cases)):
            break
    key = asker.token()
    for spelled in (key.lower() + "z", key.upper() + "Z"):
        asker.ask(message(provider, "idempotency.key-case", idempotency=spelled))


def spending(
    provider: Provider, asker: Asker, balances: Mapping[str, int], apart: Mapping[str, int | None] | None = None
) -> None:
    """Spend the balance of each metered key; at last several want what is left at once.

    `apart` are the credits that a key keeps for MMS, as in `Account.mms_balances`.
    """
    for key, balance in balances.items():
        told = apart or {}
        steps = credit_sequence(balance, is_one_pool=key in told and told[key] is None, mms=told.get(key))
        sent: Case | None = None
        for number, step in enumerate(steps):
            if step == FAULTY:
                asker.ask(_without_text(provider, key))
            elif step == AT_ONCE_STEP:
                names = (f"credits.{number}-at-once-{place}" for place in range(_AT_BOUNDARY))
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


def _step_message(provider: Provider, asker: Asker, key: str, number: int, step: str) -> Case:
    """Return a message of a sequence, with an idempotency key, so that it can be asked again."""
    extra = {"idempotency": asker.token()} if "idempotency" in provider.fields else {}
    if step == LONG:
        extra["text"] = " ".join([provider.example_text] * (_LONG_LENGTH // len(provider.example_text)))
    name = f"credits.{number}-{_STEP_NAMES[step]}"
    return message(provider, name, key=key, media=step == MMS, **extra)


def at_once(provider: Provider, asker: Asker) -> None:
    """Send several messages at the same time, each of which is one of its own."""
    asker.ask_together([message(provider, f"at_once.{number}") for number in range(_AT_ONCE)])


def rate_limits(provider: Provider, asker: Asker, limits: Mapping[str, RateLimit]) -> None:
    """Reach each limit, be refused, let the window pass, and reach it again."""
    for key, limit in limits.items():
        case = message(provider, "rate_limits.burst", key=key)
        cases = _of_each_kind(provider, key)
        counts = [_burst(provider, asker, cases, limit)]
        while len(counts) < 2 or (len(counts) < 3 and any(count > limit.limit for count in counts)):
            _pause(asker, limit)
            counts.append(_burst(provider, asker, cases, limit))
        if limit.limit > _CONCURRENT_LIMIT:
            # Windows that follow the clock may be too long and end in one pause, by chance, but not in two.
            _pause(asker, limit)
            asker.ask_once(case)
        for _ in range(2 if limit.limit <= _CONCURRENT_LIMIT else 0):
            _pause(asker, limit)
            together = asker.ask_together([case] * (limit.limit + 3))
            if sum(is_accepted(provider, exchange) for exchange in together) <= limit.limit:
                break


def _pause(asker: Asker, limit: RateLimit) -> None:
    asker.wait(limit.window_s * 1.02 + 0.05, f"the window of a rate limit of {limit.limit} requests passes")


def _of_each_kind(provider: Provider, key: str) -> list[Case]:
    """Return messages to two recipients, if there are two, with two texts: a limit counts them all for one key."""
    texts = (provider.example_text, f"{provider.example_text} Again.")
    numbers = ("@{recipient}", "@{recipient2}")
    return [
        message(provider, f"rate_limits.burst-{place}", key=key, recipient=number, text=text)
        for place, (text, number) in enumerate(product(texts, numbers))
    ]


def _burst(provider: Provider, asker: Asker, cases: Sequence[Case], limit: RateLimit) -> int:
    for count in range(2 * limit.limit + 1):
        case = cases[count % len(cases)]
        exchange = asker.ask_once(case)
        if exchange is not None and is_failed(provider, exchange):
            # A failure that passes is no limit. What was lost may have been sent, and is not asked again.
            exchange = asker.ask_once(case)
        if exchange is None or not is_accepted(provider, exchange):
            asker.ask_once(message(provider, "rate_limits.other-key"))
            return count
    return 2 * limit.limit + 1
