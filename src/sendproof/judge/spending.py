"""Credits: the prices and the boundary, from the messages that a metered account could send."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.exchange import Exchange
from sendproof.judge.body import at
from sendproof.judge.findings import ACCEPTED, CONTRADICTED, REFUSED, THROTTLED, UNDECIDED, UPHELD, Finding, Judgement
from sendproof.judge.reading import read_request
from sendproof.judge.refused import has_code
from sendproof.judge.repetition import idempotency_key, message_id

FAULTY = "message with a fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spend:
    """One message on a metered key: what it is, whether it was let in, whether it is a retry that was recognised.

    `failed` tells that it was let in and could not be delivered. A message with a fault is of the kind FAULTY.
    """

    exchange: Exchange
    kind: str
    let_in: bool
    replay: bool = False
    failed: bool = False


def overdrawn(contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> Mapping[str, bool]:
    """Return, for each exchange on a metered key, whether the documented balance falls short."""
    left = dict(account.balances)
    found: dict[str, bool] = {}
    keys: set[tuple[str, str]] = set()
    for exchange in exchanges:
        key = exchange.credential.key
        if key not in left or not contract.provider.prices or exchange.response is None:
            continue
        reading = read_request(contract, account, exchange.request, exchange.credential)
        price = contract.provider.prices["mms" if reading.has_media else "sms"]
        found[exchange.id] = price > left[key]
        nonce = reading.value("idempotency")
        retried = isinstance(nonce, str) and (key, nonce) in keys
        if exchange.response.status // 100 == 2 and not retried:
            left[key] -= price
        keys.update([(key, nonce)] if isinstance(nonce, str) else [])
    return found


def spending_findings(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Judge the prices: those that explain every answer on the metered key, or none do."""
    clauses = {clause.params["aspect"]: clause.id for clause in contract.with_check("spending")}
    codes = _refusal_codes(contract)
    for key, balance in account.balances.items() if clauses else ():
        own = [item for item in judgements if item.exchange.credential.key == key and item.outcome != THROTTLED]
        replays = _replays(contract, own)
        own = [item for item in own if item.exchange.id not in replays or item.outcome == ACCEPTED]
        spends = _in_order([spend for item in own if (spend := _spend(contract, item, codes, replays))])
        if not spends:
            continue
        decided = len(spends) == len(own)
        for aspect, kind, expected, observed in _verdicts(contract, balance, spends, decided=decided):
            last = spends[-1].exchange.id
            yield Finding(clause=clauses[aspect], exchange=last, kind=kind, expected=expected, observed=observed)


def _refusal_codes(contract: Contract) -> tuple[int, ...]:
    """Return the codes that refuse for too few credits."""
    short = {clause.id for clause in contract.with_check("key_state") if clause.params["state"] == "no_credits"}
    documented = contract.with_check("documented_code")
    return tuple(clause.params["code"] for clause in documented if short.intersection(clause.params["reasons"]))


def _replays(contract: Contract, items: Sequence[Judgement]) -> frozenset[str]:
    """Return the retries: those that were given the id of the first, and those that were refused."""
    first: dict[str, str | None] = {}
    found = set()
    for item in items:
        if (nonce := idempotency_key(item)) is None:
            continue
        identity = message_id(contract, item)
        if nonce in first and (item.outcome == REFUSED or identity == first[nonce]):
            found.add(item.exchange.id)
        first.setdefault(nonce, identity)
    return frozenset(found)


def _in_order(spends: list[_Spend]) -> list[_Spend]:
    """Put what was sent at the same time in the order in which it must have been served: what was let in first."""
    for _ in spends:
        for index in range(1, len(spends)):
            one, two = spends[index - 1], spends[index]
            at_once = two.exchange.started_s < one.exchange.started_s + one.exchange.elapsed_s
            if at_once and two.let_in and not one.let_in:
                spends[index - 1 : index + 1] = [two, one]
    return spends


def _spend(contract: Contract, item: Judgement, codes: Collection[int], replays: Collection[str]) -> _Spend | None:
    hard = [reason for reason in item.reading.hard if "@identity" not in reason.fields]
    if hard and item.outcome == REFUSED:
        return _Spend(exchange=item.exchange, kind=FAULTY, let_in=False)
    if item.outcome not in (ACCEPTED, REFUSED) or hard:
        return None
    if item.outcome == REFUSED and codes and not any(has_code(item.answer, code) for code in codes):
        return None
    kind = "mms" if item.reading.has_media else "sms"
    replay = item.exchange.id in replays
    status = at(item.answer, contract.provider.answer["status"])
    return _Spend(
        exchange=item.exchange,
        kind=kind,
        let_in=item.outcome == ACCEPTED,
        replay=replay,
        failed=item.outcome == ACCEPTED and status == contract.provider.failed_status,
    )


_Said = tuple[str, str, str, str]


def _verdicts(contract: Contract, balance: int, spends: Sequence[_Spend], *, decided: bool) -> Iterator[_Said]:
    prices = contract.provider.prices
    story = ", ".join(map(_told, spends))
    expected = f"{prices['sms']} an SMS, {prices['mms']} an MMS, from a balance of {balance}"
    charged = [replace(spend, replay=False) for spend in spends]
    retried = len({spend.replay for spend in spends}) > 1
    if not decided:
        yield from _undecided(f"not every message was answered: {story}")
    elif not any(spend.let_in for spend in spends):
        # A run before this one may have spent it, and what the profile says is of the past.
        yield from _undecided(f"no message was let in, so the balance may be another: {story}")
    elif _explains(balance, spends, prices) and not any(spend.failed for spend in spends):
        yield from _upheld(balance, spends, prices)
        if retried and not _explains(balance, charged, prices):
            yield "replay", UPHELD, "", ""
    elif retried and _explains(balance, charged, prices):
        yield "replay", CONTRADICTED, "a retry takes no credits", story
        yield from _undecided("a retry was charged")
    elif any(_explains(balance, spends, prices, **charges) for charges in _UNSAID):
        yield from _undecided(f"what is charged for a message that is refused, or that fails, explains it too: {story}")
    else:
        yield from _blamed(balance, spends, prices, expected, story)


# Whether a refused message is charged, and whether one that could not be delivered is: no document says.
_UNSAID: tuple[dict[str, Any], ...] = tuple(
    {"refusal": refusal, "failed_free": failed_free} for refusal in range(4) for failed_free in (False, True)
)


def _told(spend: _Spend) -> str:
    again = " again" if spend.replay else ""
    return f"{spend.kind}{again} {'accepted' if spend.let_in else 'refused'}"


def _undecided(why: str) -> Iterator[_Said]:
    yield from ((aspect, UNDECIDED, "", why) for aspect in ("sms", "mms", "boundary"))


def _explains(
    balance: int,
    spends: Sequence[_Spend],
    prices: Mapping[str, int],
    covers: Callable[[int, int], bool] = operator.ge,
    *,
    refusal: int = 0,
    failed_free: bool = False,
) -> bool:
    """Whether the answers are those of a service with these prices, which lets in what the balance `covers`."""
    left = balance
    for spend in spends:
        if spend.kind == FAULTY:
            left -= refusal
            continue
        price = 0 if spend.replay else prices[spend.kind]
        if spend.let_in != (spend.replay or covers(left, price)):
            return False
        left -= (0 if spend.failed and failed_free else price) if spend.let_in else refusal
    return True


# A balance that just suffices is refused; one credit is enough; none is needed.
_OTHER_BOUNDARIES: tuple[Callable[[int, int], bool], ...] = (
    operator.gt,
    lambda left, price: left > 0,
    lambda left, price: True,
)


def _rivals(balance: int, spends: Sequence[_Spend], prices: Mapping[str, int]) -> list[tuple[int, int]]:
    """Return the prices, one of them other than documented, that explain the answers too."""
    tried = product(range(1, prices["sms"] * 3 + 1), range(1, prices["mms"] * 3 + 1))
    documented = (prices["sms"], prices["mms"])
    return [
        pair
        for pair in tried
        if sum(one != other for one, other in zip(pair, documented, strict=True)) == 1
        and _explains(balance, spends, {"sms": pair[0], "mms": pair[1]})
    ]


def _upheld(balance: int, spends: Sequence[_Spend], prices: Mapping[str, int]) -> Iterator[_Said]:
    rivals = _rivals(balance, spends, prices)
    for aspect, index in (("sms", 0), ("mms", 1)):
        certain = all(pair[index] == (prices["sms"], prices["mms"])[index] for pair in rivals)
        yield aspect, UPHELD if certain else UNDECIDED, "", "" if certain else "other prices explain the answers too"
    spends = [spend for spend in spends if spend.kind != FAULTY]
    refused = any(not spend.let_in for spend in spends)
    spent = sum(prices[spend.kind] for spend in spends if spend.let_in and not spend.replay)
    whole = refused and spent == balance
    yield "boundary", UPHELD if whole else UNDECIDED, "", "" if whole else "the balance was not spent to its end"


def _blamed(
    balance: int, spends: Sequence[_Spend], prices: Mapping[str, int], expected: str, story: str
) -> Iterator[_Said]:
    rivals = _rivals(balance, spends, prices)
    sms = [pair for pair in rivals if pair[1] == prices["mms"]]
    mms = [pair for pair in rivals if pair[0] == prices["sms"]]
    if any(_explains(balance, spends, prices, covers) for covers in _OTHER_BOUNDARIES):
        guilty = "boundary"
    elif mms and not sms:
        guilty = "mms"
    elif sms and not mms:
        guilty = "sms"
    else:
        guilty = "boundary"
    for aspect in ("sms", "mms", "boundary"):
        if aspect == guilty:
            yield aspect, CONTRADICTED, expected, story
        else:
            yield aspect, UNDECIDED, "", f"the answers contradict the {guilty} clause"
