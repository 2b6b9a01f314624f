"""Errors of the server that vanish when the same is asked again: how many there were, and whether they are rare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sendproof.contract.model import Contract
from sendproof.contract.outcome import GATEWAY
from sendproof.judge.findings import CONTRADICTED, OBSERVED, SERVER_ERROR, UPHELD, Finding, Judgement


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
