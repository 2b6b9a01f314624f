"""Requests that the API did not serve: never answered, or answered with an error of the server that vanishes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract
from sendproof.contract.outcome import GATEWAY
from sendproof.exchange import NEVER_SENT, Exchange
from sendproof.judge.verdicts import (
    CONTRADICTED,
    LOST,
    NO_ANSWER,
    OBSERVED,
    SERVER_ERROR,
    UNDECIDED,
    UPHELD,
    Finding,
    Judgement,
)

# Buffers of sockets take so much before a server that does not read on can be noticed.
_SMALL_BODY = 32_768
# So seldom may a request be lost each time by chance, in a whole run.
_UNLIKELY = 0.02


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
    others = [[item for item in items if item.analysis.key_state != "rate_limited"] for items in attempts]
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
            yield _contradicted(clause, item, "an answer of the API", f"{seen}, each time it was asked")
        else:
            yield Finding(clause=clause.id, exchange=item.exchange.id, kind=UNDECIDED, observed=seen)
    for clause in contract.with_check("accepted") if item.analysis.features else ():
        if clause.params["feature"] == "any":
            kind = LOST if asked_again else UNDECIDED
            yield Finding(clause=clause.id, exchange=item.exchange.id, kind=kind, observed=f"never accepted: {seen}")


def _contradicted(clause: Clause, item: Judgement, expected: str, observed: str) -> Finding:
    identity = item.exchange.id
    return Finding(clause=clause.id, exchange=identity, kind=CONTRADICTED, expected=expected, observed=observed)


def server_error_findings(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Judge how often the API failed, and answered the same request otherwise another time.

    A failure that the document describes for a message without a fault is none of these, nor is the
    answer of a gateway.
    """
    if not judgements:
        return
    documented = {clause.params["status"] for clause in contract.with_check("internal_error")}
    answered = {_request(item) for item in judgements if item.exchange.response and item.exchange.response.status < 500}
    passing = [
        item
        for item in judgements
        if item.outcome == SERVER_ERROR
        and (status := _status(item)) not in GATEWAY
        and _request(item) in answered
        and not (status in documented and not item.analysis.hard)
    ]
    valid = sum(item.analysis.is_operation and not item.analysis.hard for item in judgements)
    last = (passing or judgements)[-1].exchange.id
    observed = f"{len(passing)} in {len(judgements)} requests, {valid} of them valid"
    for clause in contract.with_check("server_errors_rare"):
        rare = len(passing) < clause.params["fewer_than"] or len(passing) <= clause.params["share"] * valid
        kind = UPHELD if rare else CONTRADICTED
        yield Finding(clause=clause.id, exchange=last, kind=kind, expected=clause.claim, observed=observed)
    for clause in contract.with_check("observe_server_errors"):
        value = f"{', '.join(sorted({str(_status(item)) for item in passing}))} vanished" if passing else "none"
        yield Finding(clause=clause.id, exchange=last, kind=OBSERVED, value=value, observed=observed)


def _status(item: Judgement) -> int:
    return item.exchange.response.status if item.exchange.response else 0


def _request(item: Judgement) -> tuple[str, str, str, bytes | str]:
    """Return what makes two requests the same: what was asked, and as whom."""
    request, sent = item.exchange.request, item.exchange
    return request.method, request.path, f"{sent.credential}", sent.case or request.body
