"""Credits: the prices and the boundary of a balance, and whether an account may have run dry.

Two questions to one model. Of a *metered* key the balance is known, and by default only the run spends it: what it
could send shows the prices. The *main* key's balance is unknown, others may spend it, and somebody may fill it up once:
all that this can show is whether a refusal for too few credits may have been true.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.contract.pointer import at
from sendproof.exchange import NEVER_SENT
from sendproof.judge.refused import has_code
from sendproof.judge.request_analysis import IDENTITY
from sendproof.judge.retries import recognised_retries
from sendproof.judge.texts_and_numbers import segments
from sendproof.judge.verdicts import (
    ACCEPTED,
    CONTRADICTED,
    NO_ANSWER,
    REFUSED,
    SERVER_ERROR,
    UNDECIDED,
    UPHELD,
    Finding,
    Judgement,
    ReasonCode,
)
from sendproof.judge.worlds import (
    Decision,
    Dimension,
    Group,
    History,
    Row,
    Timed,
    decide,
    explains,
    grouped,
    permitted_worlds,
    states_before,
)


class MessageKind(StrEnum):
    """What a message is charged as."""

    SMS = "sms"
    MMS = "mms"


class CreditOutcome(StrEnum):
    """What became of a message, as far as credits go.

    SHORT is a refusal for too few credits, FAULTY one for a fault of the request, OTHERWISE one for neither. Of what is
    UNKNOWN (no answer, a failure of the server) it is not known whether it was paid for.
    """

    ACCEPTED = "accepted"
    FAILED = "failed"
    SHORT = "refused"
    FAULTY = "with a fault refused"
    OTHERWISE = "refused for something else"
    UNKNOWN = "not answered"


class Spend(NamedTuple):
    """One message on a key; `is_retry` says that it was accepted before, and that the service recognised it."""

    kind: MessageKind
    outcome: CreditOutcome
    segments: int = 1
    is_retry: bool = False

    @property
    def described(self) -> str:
        """The message in the words of a report."""
        length = f" of {self.segments} segments" if self.segments > 1 else ""
        return f"{self.kind}{length}{' again' if self.is_retry else ''} {self.outcome}"


class Price(NamedTuple):
    """Credits of a message: of the balance, of it for each segment, and of credits for MMS that are kept apart."""

    whole: int
    per_segment: int = 0
    apart: int = 0


class Covers(StrEnum):
    """When a balance suffices. RACE: if it did before all that overlaps was sent."""

    ENOUGH = "at least the price"
    RACE = "at least the price before all that was sent at once"
    MORE = "more than the price"
    ANY = "any credit at all"
    ALWAYS = "whatever the balance"


# Shares of a price: of the two credits of an SMS one is for the look-up of the carrier.
LOOKUP, ALL = 1, "all of it"


class Refusals(NamedTuple):
    """What a refused request costs: one with a fault, and one that the balance does not cover."""

    faulty: int | str = 0
    short: int = 0


FREE = Refusals()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditWorld:
    """One way in which a service may charge. `credits` (None: unknown) are there before, `apart` those for MMS alone.

    `shared` says that others may spend the balance, `fillings` how often somebody may fill it up. `retry` is what a
    retry costs, `failed` what a message does that cannot be delivered.
    """

    credits: int | None
    sms: Price
    mms: Price
    apart: int | None = None
    shared: bool = False
    fillings: int = 0
    covers: Covers = Covers.ENOUGH
    retry: int | str = 0
    failed: int | str = ALL
    refused: Refusals = FREE

    def price(self, spend: Spend) -> tuple[int, int]:
        """Return what a message costs, of the balance and of what is kept apart."""
        price = self.sms if spend.kind == MessageKind.SMS else self.mms
        return price.whole + price.per_segment * spend.segments, price.apart

    def part(self, share: int | str, spend: Spend) -> tuple[int, int]:
        """Return what a message costs that is not sent."""
        return self.price(spend) if isinstance(share, str) else (share, 0)


class Purse(NamedTuple):
    """What may be left; None: any number. Where others spend, too, these are upper bounds.

    `filled` counts how often it was filled up, `seen` is what was left before the messages that overlap.
    """

    credits: int | None
    apart: int | None
    filled: int = 0
    seen: int | None = None


def _start(world: CreditWorld) -> Iterable[Purse]:
    return (Purse(world.credits, world.apart),)


def step(world: CreditWorld, purse: Purse, spend: Spend, first: bool) -> Iterator[Purse]:  # noqa: FBT001 - of worlds.Dimension
    """Yield what may be left after a message; nothing where the world rules it out."""
    if world.covers == Covers.RACE and first:
        purse = purse._replace(seen=purse.credits)
    price = world.price(spend)
    if spend.is_retry:
        yield _less(purse, world.part(world.retry, spend))
    elif spend.outcome == CreditOutcome.FAULTY:
        yield _less(purse, world.part(world.refused.faulty, spend))
    elif spend.outcome == CreditOutcome.ACCEPTED:
        yield from _paid(world, purse, price, price)
    elif spend.outcome == CreditOutcome.FAILED:
        yield from _paid(world, purse, price, world.part(world.failed, spend))
    elif spend.outcome == CreditOutcome.SHORT:
        yield from (_less(left, (world.refused.short, 0)) for left in _lacking(world, purse, price))
    else:
        yield purse
        yield _less(purse, world.part(world.refused.faulty, spend))
        if spend.outcome == CreditOutcome.UNKNOWN:
            yield from _paid(world, purse, price, price)


def _paid(world: CreditWorld, purse: Purse, price: tuple[int, int], charge: tuple[int, int]) -> Iterator[Purse]:
    """Yield what is left of a purse that covers the price."""
    if _covers(world, purse.credits, price[0], purse.seen) and _covers(world, purse.apart, price[1]):
        yield _less(purse, charge)
    elif purse.filled < world.fillings:
        yield _less(purse._replace(credits=None, apart=None, filled=purse.filled + 1), charge)


def _covers(world: CreditWorld, left: int | None, price: int, seen: int | None = None) -> bool:
    if left is None or price == 0 or world.covers == Covers.ALWAYS:
        return True
    if world.covers == Covers.ANY:
        return left > 0
    if world.covers == Covers.MORE:
        return left > price
    return (left if seen is None else seen) >= price


def _lacking(world: CreditWorld, purse: Purse, price: tuple[int, int]) -> Iterator[Purse]:
    """Yield the purses that do not cover the price: what was not known is known to be less now."""
    covered = _covers(world, purse.credits, price[0], purse.seen)
    covered_apart = _covers(world, purse.apart, price[1])
    if not (covered and covered_apart):
        yield purse
    if world.covers == Covers.ALWAYS:
        return
    if covered and (world.shared or purse.credits is None):
        yield purse._replace(credits=price[0] - 1)
    if price[1] and covered_apart and (world.shared or purse.apart is None):
        yield purse._replace(apart=price[1] - 1)


def _less(purse: Purse, charge: tuple[int, int]) -> Purse:
    """Return a purse after a charge. No service is known to go below nothing but where it lends."""
    if charge == (0, 0):
        return purse
    left, apart = purse.credits, purse.apart
    return purse._replace(
        credits=None if left is None else max(left - charge[0], min(left, 0)),
        apart=None if apart is None else max(apart - charge[1], min(apart, 0)),
    )


def metered_dimension(
    world: CreditWorld, history: History[Spend], *, one_pool: bool
) -> Dimension[Spend, Purse, CreditWorld]:
    """Return what is promised of a metered key, what is left open, and what would be wrong.

    `world` has the facts and the documented prices. `one_pool` says that MMS are known to be paid from the credits of
    SMS. A value that no event could show is left out: it would only repeat the work.
    """
    sms, mms = world.sms, world.mms
    split = Price(sms.whole, apart=mms.whole - sms.whole)
    whole_prices = (mms, *(() if one_pool else (split,))) if world.apart is None else (split,)
    spends = {spend for group in history for spend in group.events}
    outcomes = {spend.outcome for spend in spends}
    is_long = any(spend.segments > 1 for spend in spends)
    races = (Covers.RACE,) if any(_shows_race(group) for group in history) else ()
    charges = (ALL, LOOKUP) if any(spend.is_retry for spend in spends) else ()
    return Dimension(
        rows=(
            # Whoever charges a retry may charge all else as documented. That breaks no more than advice.
            Row("retry", "replay", (0,), charges, is_advice=True),
            Row("covers", "boundary", (Covers.ENOUGH,), (*races, Covers.MORE, Covers.ANY, Covers.ALWAYS)),
            Row("sms", "sms", (sms,), _wrong_sms(sms.whole, is_long=is_long)),
            Row("mms", "mms", whole_prices, _wrong_mms(sms.whole, mms.whole, is_apart=world.apart is not None)),
            Row("failed", None, (ALL, LOOKUP, 0) if CreditOutcome.FAILED in outcomes else (ALL,)),
            Row("refused", None, _refusals(outcomes)),
        ),
        world=world,
        start=_start,
        step=step,
    )


def _shows_race(group: Group[Spend]) -> bool:
    """Whether requests that overlap could have been paid by the same credits: one that was accepted, and another."""
    return len(group.events) > 1 and any(spend.outcome == CreditOutcome.ACCEPTED for spend in group.events)


def _wrong_sms(price: int, *, is_long: bool) -> tuple[Price, ...]:
    """Return wrong prices of an SMS, the likeliest first; those for each segment, if a long one shows them."""
    for_each = (Price(0, per_segment=price), Price(LOOKUP, per_segment=price - LOOKUP)) if is_long else ()
    return (Price(price - 1), *for_each, Price(price + 1), Price(2 * price))


def _wrong_mms(sms: int, mms: int, *, is_apart: bool) -> tuple[Price, ...]:
    """Return wrong prices of an MMS, the likeliest first; with credits kept apart, wrong in either part."""
    if is_apart:
        apart = mms - sms
        return (Price(sms), Price(mms), Price(sms - 1, apart=apart), Price(sms + 1, apart=apart), Price(0, apart=apart))
    return (Price(sms), Price(mms + 1), Price(2 * mms), Price(1))


def _refusals(outcomes: Collection[CreditOutcome]) -> tuple[Refusals, ...]:
    """Return what refusals may cost. Who looks up what is not covered has looked up what has a fault."""
    known = (FREE, Refusals(LOOKUP, LOOKUP), Refusals(LOOKUP, 0), Refusals(ALL, 0))
    return known if CreditOutcome.FAULTY in outcomes else known[:2]


def codes_of_insufficient_credits(contract: Contract) -> tuple[int, ...]:
    """Return the codes that are documented for too few credits."""
    short = {clause.id for clause in contract.with_check("key_state") if clause.params["state"] == "no_credits"}
    documented = contract.with_check("documented_code")
    return tuple(clause.params["code"] for clause in documented if short.intersection(clause.params["reasons"]))


class Metered(NamedTuple):
    """What was seen of one metered key: its messages, what each of them was, and the dimension to hold them against."""

    items: tuple[Judgement, ...]
    spends: tuple[Timed[Spend], ...]
    dimension: Dimension[Spend, Purse, CreditWorld]
    balance: str

    @property
    def story(self) -> str:
        """All of it in a line, what came several times in a row once."""
        runs = ((name, len(list(found))) for name, found in groupby(item.event.described for item in self.spends))
        return ", ".join(name if count == 1 else f"{name} {count} times" for name, count in runs)


def metered_keys(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Metered]:
    """Yield what was seen of each metered key with which something was asked."""
    prices = contract.provider.prices
    if not prices or not account.balances:
        return
    retries = recognised_retries(contract, judgements)
    for key, balance in account.balances.items():
        own = [item for item in judgements if item.exchange.credential.key == key]
        found = [(item, spend) for item in own if (spend := _timed_spend(contract, item, retries))]
        if not found:
            continue
        apart = account.mms_balances.get(key)
        world = CreditWorld(
            credits=balance,
            sms=Price(prices[MessageKind.SMS]),
            mms=Price(prices[MessageKind.MMS]),
            apart=apart,
            shared=not account.exclusive.get(key, True),
        )
        spends = tuple(spend for _, spend in found)
        one_pool = key in account.mms_balances and apart is None
        yield Metered(
            items=tuple(item for item, _ in found),
            spends=spends,
            dimension=metered_dimension(world, grouped(spends), one_pool=one_pool),
            balance=f"{balance}" if apart is None else f"{balance} for SMS and {apart} for MMS",
        )


def _timed_spend(contract: Contract, item: Judgement, retries: Collection[str]) -> Timed[Spend] | None:
    """Return what a message was, as far as credits go; None of what can have cost nothing."""
    if (outcome := _outcome(contract, item)) is None:
        return None
    spend = Spend(
        kind=MessageKind.MMS if item.analysis.has_media else MessageKind.SMS,
        outcome=outcome,
        segments=1 if item.analysis.has_media else segments(item.analysis.text or ""),
        is_retry=item.exchange.id in retries,
    )
    sent_s = item.exchange.started_s
    return Timed(event=spend, sent_s=sent_s, answered_s=sent_s + item.exchange.elapsed_s)


def _outcome(contract: Contract, item: Judgement) -> CreditOutcome | None:
    if item.outcome == ACCEPTED:
        failed = at(item.answer, contract.provider.answer["status"]) == contract.provider.failed_status
        return CreditOutcome.FAILED if failed else CreditOutcome.ACCEPTED
    if item.outcome == SERVER_ERROR or (item.outcome == NO_ANSWER and item.exchange.failure not in NEVER_SENT):
        return CreditOutcome.UNKNOWN
    if item.outcome != REFUSED:
        return None
    if any(IDENTITY not in reason.fields for reason in item.analysis.hard):
        return CreditOutcome.FAULTY
    return CreditOutcome.SHORT if _is_short(contract, item) else CreditOutcome.OTHERWISE


def _is_short(contract: Contract, item: Judgement) -> bool:
    """Whether a message was refused for too few credits: by the documented code, or, if there is none, at all."""
    codes = codes_of_insufficient_credits(contract)
    named = (has_code(contract.provider, item.answer, code) for code in codes)
    return item.outcome == REFUSED and (not codes or any(named))


def overdrawn(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the refusals on metered keys of what the balance cannot have covered, in whichever world.

    Refused for something else, it counts only if it always is, and twice, and nothing else is refused so: then that is
    how too few credits are answered.
    """
    found: set[str] = set()
    for key in metered_keys(contract, account, judgements):
        certain = _certainly_short(key)
        short = [item.exchange.id for item, spend in certain if spend.outcome == CreditOutcome.SHORT]
        otherwise = [item.exchange.id for item, spend in certain if spend.outcome == CreditOutcome.OTHERWISE]
        # Of those that were sent at once, it is not known which came first.
        alone = [group.events[0] for group in grouped(key.spends) if len(group.events) == 1]
        asked_otherwise = sum(spend.outcome == CreditOutcome.OTHERWISE and not spend.is_retry for spend in alone)
        found.update(short or (otherwise if len(otherwise) == asked_otherwise > 1 else ()))
    return frozenset(found)


def _certainly_short(key: Metered) -> list[tuple[Judgement, Spend]]:
    """Return the refused messages that no permitted world which explains all of it can pay for."""
    history = grouped(key.spends)
    worlds = [world for world in permitted_worlds(key.dimension) if explains(key.dimension, world, history)]
    places = [place for place, group in enumerate(history) for _ in group.events]
    asked = [(item, spend.event, place) for item, spend, place in zip(key.items, key.spends, places, strict=True)]
    kinds = (CreditOutcome.SHORT, CreditOutcome.OTHERWISE)
    refused = [one for one in asked if one[1].outcome in kinds and not one[1].is_retry]
    if not worlds or not refused:
        return []
    before = [(world, tuple(states_before(key.dimension, world, history))) for world in worlds]
    return [
        (item, spend)
        for item, spend, place in refused
        if not any(_affords(world, purse, spend) for world, states in before for purse in states[place])
    ]


def _affords(world: CreditWorld, purse: Purse, spend: Spend) -> bool:
    price = world.price(spend)
    return _covers(world, purse.credits, price[0]) and _covers(world, purse.apart, price[1])


def credit_findings(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Say what the messages of each metered key show of the prices, the boundary and the charge of a retry."""
    clauses = {clause.params["aspect"]: clause.id for clause in contract.with_check("spending")}
    for key in metered_keys(contract, account, judgements) if clauses else ():
        yield from _findings(contract, clauses, key)


def _findings(contract: Contract, clauses: Mapping[str, str], key: Metered) -> Iterator[Finding]:
    spends = tuple(spend.event for spend in key.spends)
    last = key.items[-1]
    rows = (row.aspect for row in key.dimension.rows if row.aspect is not None)
    aspects = [aspect for aspect in rows if aspect in clauses and _is_asked(aspect, spends)]
    if not any(spend.outcome in (CreditOutcome.ACCEPTED, CreditOutcome.FAILED) for spend in spends):
        # A run before this one may have spent it, and what the profile says is of the past.
        why = f"no message was accepted, so the balance may be another: {key.story}"
        for aspect in aspects:
            yield last.finding(UNDECIDED, clauses[aspect], observed=why, reason=ReasonCode.ACCOUNT_DRY)
        return
    decision = decide(key.dimension, grouped(_as_short(key)))
    suspects = tuple(clauses[aspect] for aspect in decision.suspects if aspect in clauses)
    for aspect in dict.fromkeys((*aspects, *(failed for failed in decision.failed if failed in clauses))):
        if aspect in decision.failed:
            expected, observed = _contradiction(contract, key, decision)
            yield last.finding(CONTRADICTED, clauses[aspect], expected=expected, observed=observed, suspects=suspects)
        elif aspect in decision.upheld:
            yield last.finding(UPHELD, clauses[aspect])
        else:
            reason, why = _why(key, decision, aspect)
            yield last.finding(UNDECIDED, clauses[aspect], observed=why, reason=reason)


def _is_asked(aspect: str, spends: Sequence[Spend]) -> bool:
    if aspect == "replay":
        return any(spend.is_retry for spend in spends)
    return aspect != "mms" or any(spend.kind == MessageKind.MMS for spend in spends)


def _as_short(key: Metered) -> tuple[Timed[Spend], ...]:
    """Return the events, in which what has the reason of too few credits is refused for it whatever its code."""
    return tuple(
        replace(spend, event=spend.event._replace(outcome=CreditOutcome.SHORT))
        if spend.event.outcome == CreditOutcome.OTHERWISE and item.analysis.hard
        else spend
        for item, spend in zip(key.items, key.spends, strict=True)
    )


def _contradiction(contract: Contract, key: Metered, decision: Decision) -> tuple[str, str]:
    """Return what was expected of a metered key, and what was seen instead."""
    prices = contract.provider.prices
    expected = f"{prices[MessageKind.SMS]} an SMS, {prices[MessageKind.MMS]} an MMS, from a balance of {key.balance}"
    observed = f"{'contradicts the rules of the account: ' if decision.unnamed else ''}{key.story}"
    if decision.blamed:
        observed += "; as if " + " and ".join(f"{name} were {_shown(value)}" for name, value in decision.blamed)
    return expected, observed


def _shown(value: object) -> str:
    if not isinstance(value, Price):
        return str(value)
    parts = (
        str(value.whole) if value.whole or not value.per_segment else "",
        f"{value.per_segment} a segment" if value.per_segment else "",
        f"{value.apart} kept for MMS" if value.apart else "",
    )
    return " and ".join(part for part in parts if part)


def _why(key: Metered, decision: Decision, aspect: str) -> tuple[ReasonCode, str]:
    """Return why an aspect is undecided."""
    if aspect in decision.suspects:
        return ReasonCode.SUSPECT, f"this or the {decision.failed[0]} clause is broken"
    if decision.failed:
        return ReasonCode.DEPENDENCY, f"the answers contradict the {' and the '.join(decision.failed)} clause"
    if decision.undecidable:
        return ReasonCode.UNDECIDED, "too many different messages were sent at once"
    if key.dimension.world.shared:
        return ReasonCode.UNDECIDED, f"others may use the key: {key.story}"
    outcomes = {spend.event.outcome for spend in key.spends}
    if CreditOutcome.SHORT not in outcomes:
        # All that was planned was asked, but what failed, or another balance for MMS, has left more than was foreseen.
        mms_prices = next(row.permitted for row in key.dimension.rows if row.name == "mms")
        left_more = len(mms_prices) > 1 or CreditOutcome.FAILED in outcomes
        was_ended = any(len(group.events) > 1 for group in grouped(key.spends))
        reason = ReasonCode.NOT_DISTINGUISHED if left_more and was_ended else ReasonCode.UNDECIDED
        return reason, f"the balance was not spent to its end: {key.story}"
    why = f"a service that breaks it answers in the same way, from a balance of {key.balance}: {key.story}"
    return ReasonCode.NOT_DISTINGUISHED, why


# So often may somebody fill up the main account's balance in a run. A second time is no more likely than a service that
# refuses and accepts at random.
_FILLINGS = 1


def dry_refusals(contract: Contract, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the refusals for too few credits on main keys that may be true, and so contradict nothing.

    Others may spend the balance of a main key, and somebody may fill it up once. A refusal of a request that has a
    fault counts only if a valid one was refused for it, too: otherwise the account was seen to have credits all along.
    """
    if not codes_of_insufficient_credits(contract) or not contract.provider.prices:
        return frozenset()
    found: set[str] = set()
    main = [item for item in judgements if item.analysis.key_state == "active"]
    for key in {item.exchange.credential.key for item in main}:
        own = [item for item in main if item.exchange.credential.key == key]
        short = [item for item in own if _is_short(contract, item)]
        if any(not item.analysis.hard for item in short) and _may_run_dry(contract, own):
            found.update(item.exchange.id for item in short)
    return frozenset(found)


def _may_run_dry(contract: Contract, items: Sequence[Judgement]) -> bool:
    retries = recognised_retries(contract, items)
    timed = (_timed_spend(contract, item, retries) for item in items)
    # What others may have spent is no less than what is unknown here.
    kinds = (CreditOutcome.ACCEPTED, CreditOutcome.SHORT)
    known = [item for item in timed if item and item.event.outcome in kinds and not item.event.is_retry]
    history = grouped([replace(item, event=item.event._replace(segments=1)) for item in known])
    sms, mms = contract.provider.prices[MessageKind.SMS], contract.provider.prices[MessageKind.MMS]
    dimension = Dimension(
        rows=(Row("mms", None, (Price(mms), Price(sms, apart=mms - sms))),),
        world=CreditWorld(credits=None, sms=Price(sms), mms=Price(mms), shared=True, fillings=_FILLINGS),
        start=_start,
        step=step,
    )
    return any(explains(dimension, world, history) for world in permitted_worlds(dimension))
