"""Requests that the API did not serve: never answered, or answered with a server error that vanishes.

One dropped connection, or one answer of a gateway, is the network's, and so is an outage, where all is lost in a row.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from sendproof.contract.model import Contract
from sendproof.contract.outcome import GATEWAY
from sendproof.exchange import NEVER_SENT, Credential, Exchange
from sendproof.judge.verdicts import (
    CONTRADICTED,
    LOST,
    NO_ANSWER,
    SERVER_ERROR,
    UNDECIDED,
    Finding,
    Judgement,
)

# Buffers of sockets take so many bytes before a server that does not read on can be noticed.
_SMALL_BODY = 32_768
# So seldom may a request be lost each time by chance, in a whole run.
_UNLIKELY = 0.02

_Question = tuple[str, str, Credential, bytes | str]


def _question(item: Judgement) -> _Question:
    """Return what makes two requests the same: what was asked, and with which credential."""
    request, sent = item.exchange.request, item.exchange
    return request.method, request.path, sent.credential, sent.case or request.body


def drop_findings(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Contradict where the very same request, asked again, is never answered by the API.

    It is the API's if other requests are answered between and after.
    """
    attempts: dict[_Question, list[Judgement]] = {}
    for item in judgements:
        attempts.setdefault(_question(item), []).append(item)
    answered_s = sorted(item.exchange.started_s for item in judgements if not _is_lost(item))
    rate = _loss_rate(attempts.values())
    for items in attempts.values():
        lost = items[-1].exchange
        if not all(_is_lost(item) for item in items) or lost.failure in NEVER_SENT or _may_be_cut_off(lost):
            continue
        by_chance = len(attempts) * rate ** len(items) > _UNLIKELY
        repeated = _is_apart(items, answered_s) and not by_chance
        yield from _drops(contract, items[-1], repeated=repeated, asked_again=len(items) > 1)


def _is_lost(item: Judgement) -> bool:
    """Whether the API did not serve a request: no answer, none of its own, or a failure."""
    return item.exchange.response is None or item.outcome in (NO_ANSWER, SERVER_ERROR)


def _loss_rate(attempts: Iterable[Sequence[Judgement]]) -> float:
    """Return how often what is answered in the end is lost: so often anything is, whatever it asks."""
    # What a limit is answered with comes by no chance.
    others = [[item for item in items if item.analysis.key_state != "rate_limited"] for items in attempts]
    passing = [items for items in others if not all(_is_lost(item) for item in items)]
    lost = sum(_is_lost(item) for items in passing for item in items)
    return lost / max(sum(map(len, passing)), 1)


def _may_be_cut_off(exchange: Exchange) -> bool:
    """Whether a server may refuse the body while it is sent, so that its answer is lost with the connection."""
    return exchange.response is None and len(exchange.request.body) > _SMALL_BODY


def _is_apart(items: Sequence[Judgement], answered_s: Sequence[float]) -> bool:
    """Whether something else was answered between the first attempt and the last, and after it.

    Where the API itself failed each time, what was answered between is enough: it could be reached.
    """
    first_s, last_s = items[0].exchange.started_s, items[-1].exchange.started_s
    between = bisect_left(answered_s, last_s) - bisect_right(answered_s, first_s)
    has_failed_itself = all(item.outcome == SERVER_ERROR and item.status not in GATEWAY for item in items)
    return between > 0 and (answered_s[-1] > last_s or has_failed_itself)


def _drops(contract: Contract, item: Judgement, *, repeated: bool, asked_again: bool) -> Iterator[Finding]:
    seen = str(item.status or item.exchange.failure or "")
    for clause in contract.with_check("answered" if item.outcome == NO_ANSWER else "no_server_error"):
        if repeated:
            observed = f"{seen}, each time it was asked"
            yield item.finding(CONTRADICTED, clause.id, expected="an answer of the API", observed=observed)
        else:
            yield item.finding(UNDECIDED, clause.id, observed=seen)
    for clause in contract.with_check("accepted") if item.analysis.features else ():
        if clause.params["feature"] == "any":
            yield item.finding(LOST if asked_again else UNDECIDED, clause.id, observed=f"never accepted: {seen}")


def server_error_findings(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Judge how often the API failed, and answered the same request otherwise another time.

    A failure that the document describes for a message without a fault is none of these, nor is the
    answer of a gateway.
    """
    if not judgements:
        return
    documented = {clause.params["status"] for clause in contract.with_check("internal_error")}
    answered = {_question(item) for item in judgements if item.status is not None and item.status < 500}
    passing = [
        item
        for item in judgements
        if item.outcome == SERVER_ERROR
        and item.status not in GATEWAY
        and _question(item) in answered
        and (item.status not in documented or item.analysis.hard)
    ]
    valid = sum(item.analysis.is_operation and not item.analysis.hard for item in judgements)
    last = (passing or judgements)[-1]
    observed = f"{len(passing)} in {len(judgements)} requests, {valid} of them valid"
    for clause in contract.with_check("server_errors_rare"):
        rare = len(passing) < clause.params["fewer_than"] or len(passing) <= clause.params["share"] * valid
        yield last.checked(clause.id, holds=rare, expected=clause.claim, observed=observed)
    for clause in contract.with_check("observe_server_errors"):
        statuses = ", ".join(sorted({str(item.status) for item in passing}))
        yield last.observation(clause.id, f"{statuses} vanished" if passing else "none")
