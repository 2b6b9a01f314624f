"""Causes of failing delivery: whether the service tells one from another at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.judge.body import at
from sendproof.judge.findings import ACCEPTED, CONTRADICTED, EXCUSED, UNDECIDED, UPHELD, Finding, Judgement

# Two that share a word may be a mix-up of neighbours; so many are none.
_ENOUGH = 3
_SEVERAL = 2


def cause_findings(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Contradict where several causes, and all that were asked, are put in the same words."""
    clauses = contract.with_check("causes_differ")
    if not clauses or len(set(account.recipients.values()) - {"deliverable"}) < _SEVERAL:
        return
    asked = ""
    told: dict[str, Judgement] = {}
    words: set[str] = set()
    provider = contract.provider
    for item in judgements:
        cause = account.recipients.get(item.analysis.recipient or "", "deliverable")
        if item.outcome != ACCEPTED or cause == "deliverable" or item.analysis.hard or item.analysis.has_media:
            continue
        asked = item.exchange.id
        word = at(item.answer, provider.answer["error_type"])
        if at(item.answer, provider.answer["status"]) == provider.failed_status and isinstance(word, str):
            told.setdefault(cause, item)
            words.add(word)
    if not told:
        for clause in clauses if asked else ():
            why = "no message had failed when it was answered"
            yield Finding(clause=clause.id, exchange=asked, kind=EXCUSED, observed=why)
        return
    last = list(told.values())[-1].exchange.id
    if len(words) > 1:
        kind, observed = UPHELD, ""
    elif len(told) < _ENOUGH:
        kind, observed = UNDECIDED, f"{len(told)} causes were asked"
    else:
        kind, observed = CONTRADICTED, f"{next(iter(words))[:40]!r} for {', '.join(told)}"
    for clause in clauses:
        yield Finding(
            clause=clause.id, exchange=last, kind=kind, expected="a word of its own for each cause", observed=observed
        )
