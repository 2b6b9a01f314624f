"""Credits: the prices and the boundary, from the messages that a metered account could send."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.exchange import Exchange
from sendproof.judge.findings import ACCEPTED, CONTRADICTED, REFUSED, THROTTLED, UNDECIDED, UPHELD, Finding, Judgement
from sendproof.judge.reading import read_request
from sendproof.judge.refused import has_code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spend:
    """One message on a metered key: what it is, and whether it was let in."""

    exchange: Exchange
    kind: str
    let_in: bool


def overdrawn(contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> Mapping[str, bool]:
    """Return, for each exchange on a metered key, whether the documented balance falls short."""
    left = dict(account.balances)
    found: dict[str, bool] = {}
    for exchange in exchanges:
        key = exchange.credential.key
        if key not in left or not contract.provider.prices or exchange.response is None:
            continue
        reading = read_request(contract, account, exchange.request, exchange.credential)
        price = contract.provider.prices["mms" if reading.has_media else "sms"]
        found[exchange.id] = price > left[key]
        if exchange.response.status // 100 == 2:
            left[key] -= price
    return found


def spending_findings(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Judge the prices: those that explain every answer on the metered key, or none do."""
    clauses = {clause.params["aspect"]: clause.id for clause in contract.with_check("spending")}
    codes = _refusal_codes(contract)
    for key, balance in account.balances.items() if clauses else ():
        spends = _in_order([spend for item in judgements if (spend := _spend(item, key, codes))])
        if not spends:
            continue
        asked = (item for item in judgements if item.exchange.credential.key == key and item.outcome != THROTTLED)
        decided = len(spends) == sum(1 for _ in asked)
        for aspect, kind, expected, observed in _verdicts(contract, balance, spends, decided=decided):
            last = spends[-1].exchange.id
            yield Finding(clause=clauses[aspect], exchange=last, kind=kind, expected=expected, observed=observed)


def _refusal_codes(contract: Contract) -> tuple[int, ...]:
    """Return the codes that refuse for too few credits."""
    short = {clause.id for clause in contract.with_check("key_state") if clause.params["state"] == "no_credits"}
    documented = contract.with_check("documented_code")
    return tuple(clause.params["code"] for clause in documented if short.intersection(clause.params["reasons"]))


def _in_order(spends: list[_Spend]) -> list[_Spend]:
    """Put what was sent at the same time in the order in which it must have been served."""
    for index in range(1, len(spends)):
        one, two = spends[index - 1], spends[index]
        at_once = two.exchange.started_s < one.exchange.started_s + one.exchange.elapsed_s
        if at_once and two.let_in and not one.let_in:
            spends[index - 1 : index + 1] = [two, one]
    return spends


def _spend(item: Judgement, key: str, codes: Collection[int]) -> _Spend | None:
    hard = [reason for reason in item.reading.hard if "@identity" not in reason.fields]
    if item.exchange.credential.key != key or item.outcome not in (ACCEPTED, REFUSED) or hard:
        return None
    if item.outcome == REFUSED and codes and not any(has_code(item.answer, code) for code in codes):
        return None
    kind = "mms" if item.reading.has_media else "sms"
    return _Spend(exchange=item.exchange, kind=kind, let_in=item.outcome == ACCEPTED)


def _verdicts(
    contract: Contract, balance: int, spends: Sequence[_Spend], *, decided: bool
) -> Iterator[tuple[str, str, str, str]]:
    prices = contract.provider.prices
    story = ", ".join(f"{spend.kind} {'accepted' if spend.let_in else 'refused'}" for spend in spends)
    expected = f"{prices['sms']} an SMS, {prices['mms']} an MMS, from a balance of {balance}"
    if not decided:
        yield from (
            (aspect, UNDECIDED, "", f"not every message was answered: {story}") for aspect in ("sms", "mms", "boundary")
        )
    elif _explains(balance, spends, prices):
        yield from _upheld(balance, spends, prices)
    else:
        yield from _blamed(balance, spends, prices, expected, story)


def _explains(balance: int, spends: Sequence[_Spend], prices: Mapping[str, int]) -> bool:
    left = balance
    for spend in spends:
        if spend.let_in != (prices[spend.kind] <= left):
            return False
        left -= prices[spend.kind] if spend.let_in else 0
    return True


def _rivals(balance: int, spends: Sequence[_Spend], prices: Mapping[str, int]) -> list[tuple[int, int]]:
    """Return the prices, one of them other than documented, that explain the answers too."""
    tried = product(range(prices["sms"] * 3 + 1), range(prices["mms"] * 3 + 1))
    documented = (prices["sms"], prices["mms"])
    return [
        pair
        for pair in tried
        if sum(one != other for one, other in zip(pair, documented, strict=True)) == 1
        and _explains(balance, spends, {"sms": pair[0], "mms": pair[1]})
    ]


def _upheld(balance: int, spends: Sequence[_Spend], prices: Mapping[str, int]) -> Iterator[tuple[str, str, str, str]]:
    rivals = _rivals(balance, spends, prices)
    for aspect, index in (("sms", 0), ("mms", 1)):
        certain = all(pair[index] == (prices["sms"], prices["mms"])[index] for pair in rivals)
        yield aspect, UPHELD if certain else UNDECIDED, "", "" if certain else "other prices explain the answers too"
    refused = any(not spend.let_in for spend in spends)
    spent = sum(prices[spend.kind] for spend in spends if spend.let_in)
    whole = refused and spent == balance
    yield "boundary", UPHELD if whole else UNDECIDED, "", "" if whole else "the balance was not spent to its end"


def _blamed(
    balance: int, spends: Sequence[_Spend], prices: Mapping[str, int], expected: str, story: str
) -> Iterator[tuple[str, str, str, str]]:
    rivals = _rivals(balance, spends, prices)
    sms = [pair for pair in rivals if pair[1] == prices["mms"]]
    mms = [pair for pair in rivals if pair[0] == prices["sms"]]
    if mms and not sms:
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
