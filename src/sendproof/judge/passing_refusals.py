"""Refusals of their moment: by a limit, a lock-out or a filter of which no document tells; known by their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sendproof.contract.model import Contract
from sendproof.contract.samples import without_serial
from sendproof.exchange import Exchange
from sendproof.judge.findings import ACCEPTED, REFUSED, Judgement
from sendproof.judge.refused import documenting, says

Words = tuple[int, bytes]
"""The status code and the body of a refusal, without what is another each time."""

OF_ITS_MOMENT = "refused for what no document names, perhaps for its moment"
# Ids and times; codes are shorter, and limits and seconds count as words.
_VOLATILE = re.compile(rb"[0-9A-Fa-f-]{12,}+|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]++")
_LONGEST = 2_000


def words(exchange: Exchange) -> Words | None:
    """Return the words of an answer; None where there is none."""
    response = exchange.response
    return None if response is None else (response.status, _VOLATILE.sub(b"#", response.body[:_LONGEST]))


def of_a_moment(contract: Contract, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the refusals whose words come and go.

    Such words name nothing that is documented, and another exchange shows that they were no matter of the request: the
    same valid message was accepted at another time, or the same request refused in words that are documented for it, or
    in which its like had been refused before.
    """
    refused = [
        (item, said)
        for item in judgements
        if item.outcome == REFUSED and (said := words(item.exchange)) and not _names_anything(contract, item)
    ]
    passing = _of_valid_messages(contract, judgements, refused) | _between_others(contract, judgements)
    return frozenset(item.exchange.id for item, said in refused if said in passing)


def _names_anything(contract: Contract, item: Judgement) -> bool:
    return any(says(contract.provider, clause, item.answer) for clause in documenting(contract))


def _of_valid_messages(
    contract: Contract, judgements: Sequence[Judgement], refused: Sequence[tuple[Judgement, Words]]
) -> set[Words]:
    nonce = contract.provider.fields.get("idempotency")
    accepted = {_message(item, nonce) for item in judgements if item.outcome == ACCEPTED}
    return {said for item, said in refused if item.unexplained and _message(item, nonce) in accepted}


def _message(item: Judgement, nonce: str | None) -> tuple[Any, ...]:
    """Return what is the same each time that a message is asked."""
    instance = item.analysis.instance
    fields = instance.items() if isinstance(instance, dict) else ()
    plain = ((name, without_serial(value) if isinstance(value, str) else repr(value)) for name, value in fields)
    return item.exchange.credential.key, *sorted(pair for pair in plain if pair[0] != nonce)


def _between_others(contract: Contract, judgements: Sequence[Judgement]) -> set[Words]:
    """Return the words in whose place the same request was given others later: documented ones, or usual before."""
    found: set[Words] = set()
    usual: dict[tuple[str, ...], dict[Words, int]] = {}
    last: dict[Any, tuple[Words, int]] = {}
    for number, item in enumerate(judgements):
        said = words(item.exchange)
        if item.outcome != REFUSED or said is None or not item.analysis.reasons:
            continue
        reasons = tuple(reason.clause for reason in item.analysis.reasons)
        request = item.exchange.request
        asked = (request.method, request.path, request.headers, request.body, item.exchange.credential)
        first = usual.setdefault(reasons, {}).setdefault(said, number)
        before = last.get(asked)
        if before and before[0] != said and (first < before[1] or _names_anything(contract, item)):
            found.add(before[0])
        last[asked] = (said, number)
    return found
