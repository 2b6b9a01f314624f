"""What several exchanges show together: unique ids, replays, drops that repeat."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract
from sendproof.contract.outcome import GATEWAY
from sendproof.exchange import NEVER_SENT, Exchange
from sendproof.judge.body import MISSING, at
from sendproof.judge.findings import (
    ACCEPTED,
    CONTRADICTED,
    LOST,
    NO_ANSWER,
    OBSERVED,
    REFUSED,
    SERVER_ERROR,
    UNDECIDED,
    UPHELD,
    Finding,
    Judgement,
)

# Two keys that agree in so many characters are distinct only to who compares them whole.
_LONG_PREFIX = 16
# Buffers of sockets take so much before a server that does not read on can be noticed.
_SMALL_BODY = 32_768
# So seldom may a request be lost each time by chance, in a whole run.
_UNLIKELY = 0.02


def message_id(contract: Contract, judgement: Judgement) -> str | None:
    """Return the id that an accepted message was given, as text, or None."""
    value = at(judgement.answer, contract.provider.answer["id"])
    return json.dumps(value) if judgement.outcome == ACCEPTED and value not in (MISSING, None, "") else None


def idempotency_key(judgement: Judgement) -> str | None:
    """Return the idempotency key of a request, or None."""
    value = judgement.reading.value("idempotency")
    return value if isinstance(value, str) and value else None


def unique_id_findings(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Contradict the clause of unique ids where two messages have one id, replays aside."""
    for clause in contract.with_check("unique_id"):
        owners: dict[str, Judgement] = {}
        for judgement in judgements:
            if (identity := message_id(contract, judgement)) is None:
                continue
            first = owners.setdefault(identity, judgement)
            key, other = idempotency_key(judgement), idempotency_key(first)
            if first is judgement:
                yield Finding(clause=clause.id, exchange=judgement.exchange.id, kind=UPHELD)
            elif key is None or other is None:
                yield _contradiction(clause, judgement, "an id of its own", f"{identity}, as {first.exchange.id} has")


def _contradiction(clause: Clause, judgement: Judgement, expected: str, observed: str) -> Finding:
    return Finding(
        clause=clause.id, exchange=judgement.exchange.id, kind=CONTRADICTED, expected=expected, observed=observed
    )


def replay_findings(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Judge repeated idempotency keys: in sequence, at once, distinct, and what is left open."""
    groups = [_Group(contract, items) for items in _by_key(judgements) if len(items) > 1]
    for clause in contract.with_check("replay"):
        yield from _REPLAYS[clause.params["mode"]](clause, contract, groups, judgements)


class _Group:
    """The exchanges of one key, with the same message as the first of them."""

    def __init__(self, contract: Contract, items: list[Judgement]) -> None:
        self.first = items[0]
        same = [item for item in items if item.reading.instance == self.first.reading.instance]
        self.other = [item for item in items if item not in same]
        self.same = same
        self.concurrent = any(_overlap(one.exchange, two.exchange) for one, two in pairwise(same))
        self.ids = [message_id(contract, item) for item in same]


def _overlap(one: Exchange, two: Exchange) -> bool:
    return two.started_s < one.started_s + one.elapsed_s


def _by_key(judgements: Sequence[Judgement]) -> Iterator[list[Judgement]]:
    groups: dict[tuple[str | None, str], list[Judgement]] = {}
    for judgement in judgements:
        if (key := idempotency_key(judgement)) and not judgement.reading.hard:
            groups.setdefault((judgement.exchange.credential.key, key), []).append(judgement)
    yield from groups.values()


def _sequence(
    clause: Clause, contract: Contract, groups: list[_Group], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    for group in groups:
        if group.concurrent or group.ids[0] is None:
            continue
        for item, identity in zip(group.same[1:], group.ids[1:], strict=True):
            yield from _replayed(clause, group.ids[0], item, identity)


def _replayed(clause: Clause, first: str, item: Judgement, identity: str | None) -> Iterator[Finding]:
    body = item.exchange.response.body.decode("utf-8", "replace") if item.exchange.response else ""
    if identity == first or (item.outcome == REFUSED and _names(body, first)):
        yield Finding(clause=clause.id, exchange=item.exchange.id, kind=UPHELD)
    elif item.outcome in (ACCEPTED, REFUSED):
        yield _contradiction(clause, item, f"the id {first}", identity or f"refused: {body[:120]}")
    else:
        yield Finding(clause=clause.id, exchange=item.exchange.id, kind=UNDECIDED, observed=item.outcome)


def _names(body: str, identity: str) -> bool:
    """Whether an answer names the id of a message, given as JSON."""
    return str(json.loads(identity)) in body


def _concurrent(
    clause: Clause, contract: Contract, groups: list[_Group], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    for group in groups:
        if not group.concurrent:
            continue
        known = [identity for identity in group.ids if identity is not None]
        last = group.same[-1]
        if len(set(known)) > 1:
            yield _contradiction(clause, last, "one id", ", ".join(dict.fromkeys(known)))
        elif known and group.ids[-1] in (known[0], None) and _told_again(group, known[0]):
            yield Finding(clause=clause.id, exchange=last.exchange.id, kind=UPHELD)
        else:
            yield Finding(clause=clause.id, exchange=last.exchange.id, kind=UNDECIDED, observed=last.outcome)


def _told_again(group: _Group, identity: str) -> bool:
    """Whether the last of the retries, sent by itself, was answered with the id of the message."""
    last = group.same[-1]
    body = last.exchange.response.body.decode("utf-8", "replace") if last.exchange.response else ""
    return len(group.same) > 1 and last.outcome in (ACCEPTED, REFUSED) and _names(body, identity)


def _distinct(
    clause: Clause, contract: Contract, groups: list[_Group], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    keyed = [(key, item) for item in judgements if (key := idempotency_key(item)) and _is_answered(contract, item)]
    for (key, item), (later, other) in pairwise(sorted(keyed, key=lambda pair: pair[0])):
        if not agree_at_first(key, later):
            continue
        last = max(item, other, key=lambda one: one.exchange.started_s)
        if item.outcome == other.outcome == REFUSED:
            continue
        if REFUSED in (item.outcome, other.outcome) and not (key + later).isalnum():
            # Which signs a key may have is not said.
            continue
        if REFUSED in (item.outcome, other.outcome):
            yield _contradiction(clause, last, "two messages", f"refused for the key of {item.exchange.id}")
        elif message_id(contract, item) == message_id(contract, other):
            yield _contradiction(clause, last, "two messages", f"one id for {item.exchange.id} and {other.exchange.id}")
        else:
            yield Finding(clause=clause.id, exchange=other.exchange.id, kind=UPHELD)


def agree_at_first(key: str, other: str) -> bool:
    """Whether two keys are distinct, but not in the characters that a short column keeps."""
    return key.lower() != other.lower() and key[:_LONG_PREFIX] == other[:_LONG_PREFIX]


def _is_answered(contract: Contract, item: Judgement) -> bool:
    """Whether a message was given an id, or was refused for no reason but perhaps its key."""
    refused = item.outcome == REFUSED and not item.reading.reasons and not item.of_the_account
    return refused or message_id(contract, item) is not None


def _replay_status(
    clause: Clause, contract: Contract, groups: list[_Group], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    for group in groups:
        for item in group.same[1:]:
            if not group.concurrent and item.exchange.response and item.outcome in (ACCEPTED, REFUSED):
                yield _observation(clause, item, str(item.exchange.response.status))


def _other_payload(
    clause: Clause, contract: Contract, groups: list[_Group], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    for group in groups:
        for item in group.other:
            if item.outcome in (ACCEPTED, REFUSED):
                yield _observation(clause, item, _relation(contract, group.first, item))


def _key_case(
    clause: Clause, contract: Contract, groups: list[_Group], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    firsts: dict[str, Judgement] = {}
    for item in judgements:
        if (key := idempotency_key(item)) is None or item.outcome not in (ACCEPTED, REFUSED):
            continue
        first = firsts.setdefault(key.lower(), item)
        if first is not item and idempotency_key(first) != key:
            yield _observation(clause, item, _relation(contract, first, item))


def _relation(contract: Contract, first: Judgement, item: Judgement) -> str:
    if item.outcome == REFUSED:
        return f"refused {item.exchange.response.status}" if item.exchange.response else "refused"
    return "the first message" if message_id(contract, item) == message_id(contract, first) else "another message"


def _observation(clause: Clause, item: Judgement, value: str) -> Finding:
    return Finding(clause=clause.id, exchange=item.exchange.id, kind=OBSERVED, value=value)


_REPLAYS: Mapping[str, Any] = {
    "sequence": _sequence,
    "concurrent": _concurrent,
    "distinct": _distinct,
    "replay_status": _replay_status,
    "other_payload": _other_payload,
    "key_case": _key_case,
}


def drop_findings(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Contradict where the very same request, asked again, is never answered by the API.

    One dropped connection, or one answer of a gateway, is the network's, and so is an outage: what is
    lost in a row. The same again for the same request, while others are answered between and
    after, is the API's.
    """
    attempts: dict[tuple[str, str, str, bytes | str], list[Judgement]] = {}
    for item in judgements:
        request, sent = item.exchange.request, item.exchange
        key = (request.method, request.path, f"{sent.credential}", sent.case or request.body)
        attempts.setdefault(key, []).append(item)
    answered_s = sorted(item.exchange.started_s for item in judgements if not _is_lost(item))
    rate = _loss_rate(attempts.values())
    for items in attempts.values():
        lost = items[-1].exchange
        if not all(_is_lost(item) for item in items) or lost.failure in NEVER_SENT or _may_be_cut_off(lost):
            continue
        by_chance = len(attempts) * rate ** len(items) > _UNLIKELY
        repeated = _is_apart(items, answered_s) and not by_chance
        yield from _drops(contract, items[-1], repeated=repeated, asked_again=len(items) > 1)


def _loss_rate(attempts: Iterable[Sequence[Judgement]]) -> float:
    """Return how often what is answered in the end is lost: so often anything is, whatever it asks."""
    # What a limit is answered with comes by no chance.
    others = [[item for item in items if item.reading.key_state != "rate_limited"] for items in attempts]
    passing = [items for items in others if not all(_is_lost(item) for item in items)]
    lost = sum(_is_lost(item) for items in passing for item in items)
    return lost / max(sum(map(len, passing)), 1)


def _is_apart(items: Sequence[Judgement], answered_s: Sequence[float]) -> bool:
    """Whether something else was answered between the first attempt and the last, and after it.

    Where the API itself failed each time, what was answered between is enough: it was there.
    """
    first_s, last_s = items[0].exchange.started_s, items[-1].exchange.started_s
    between = bisect_left(answered_s, last_s) - bisect_right(answered_s, first_s)
    return between > 0 and (answered_s[-1] > last_s or all(_has_failed_itself(item) for item in items))


def _has_failed_itself(item: Judgement) -> bool:
    response = item.exchange.response
    return item.outcome == SERVER_ERROR and response is not None and response.status not in GATEWAY


def _may_be_cut_off(exchange: Exchange) -> bool:
    """Whether a server may refuse the body while it is sent, so that its answer is lost with the connection."""
    return exchange.response is None and len(exchange.request.body) > _SMALL_BODY


def _is_lost(item: Judgement) -> bool:
    """Whether the API did not serve a request: no answer, none of its own, or a failure."""
    return item.exchange.response is None or item.outcome in (NO_ANSWER, SERVER_ERROR)


def _drops(contract: Contract, item: Judgement, *, repeated: bool, asked_again: bool) -> Iterator[Finding]:
    response = item.exchange.response
    seen = str(response.status) if response else item.exchange.failure or ""
    check = "answered" if item.outcome == NO_ANSWER else "no_server_error"
    for clause in contract.with_check(check):
        if repeated:
            yield _contradiction(clause, item, "an answer of the API", f"{seen}, each time it was asked")
        else:
            yield Finding(clause=clause.id, exchange=item.exchange.id, kind=UNDECIDED, observed=seen)
    for clause in contract.with_check("accepted") if item.reading.features else ():
        if clause.params["feature"] == "any":
            kind = LOST if asked_again else UNDECIDED
            yield Finding(clause=clause.id, exchange=item.exchange.id, kind=kind, observed=f"never accepted: {seen}")
