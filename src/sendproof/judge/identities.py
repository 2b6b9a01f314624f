"""Ids of messages: never the same but for a replay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sendproof.contract.model import Contract
from sendproof.judge.body import MISSING, at
from sendproof.judge.findings import ACCEPTED, CONTRADICTED, UPHELD, Finding, Judgement


def message_id(contract: Contract, judgement: Judgement) -> str | None:
    """Return the id that an accepted message was given, as text, or None."""
    value = at(judgement.answer, contract.provider.answer["id"])
    return json.dumps(value) if judgement.outcome == ACCEPTED and value not in (MISSING, None, "") else None


def idempotency_key(judgement: Judgement) -> str | None:
    """Return the idempotency key of a request, or None."""
    value = judgement.analysis.value("idempotency")
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
                yield Finding(
                    clause=clause.id,
                    exchange=judgement.exchange.id,
                    kind=CONTRADICTED,
                    expected="an id of its own",
                    observed=f"{identity}, as {first.exchange.id} has",
                )
