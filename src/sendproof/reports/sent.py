"""The list of what was sent (`sent.csv`): what a vendor's support needs to find a message."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sendproof.contract.model import Contract
from sendproof.contract.outcome import Outcome
from sendproof.exchange import MAYBE_SERVED, NEVER_SENT, Exchange
from sendproof.judge.parsing import MISSING, answer_of, at
from sendproof.judge.verdicts import Judgement
from sendproof.reports.record import Run
from sendproof.reports.text import visible
from sendproof.target.phone_numbers import country_digits, masked

COLUMNS = ("time", "id", "outcome", "recipient", "clauses", "case", "exchange")
_UNKNOWN = "unknown"
# A spreadsheet takes what begins so for a formula (OWASP, CSV Injection).
_FORMULAS = ("=", "+", "-", "@")
_LONGEST = 1000


def write_sent(run: Run, contract: Contract, path: Path) -> None:
    """Write a line for each request that made a message, or may have: of one without an answer nobody knows.

    Times are UTC (ISO 8601), `id` is the vendor's, `outcome` "accepted", "failed" or "unknown"; `clauses` are those
    that the request was about. Of numbers that may be somebody's the country and the last two digits are left.
    """
    judged = {item.exchange.id: item for item in run.judgements}
    hidden = frozenset(item.shown for item in run.pseudonyms)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for exchange in sorted(run.exchanges, key=lambda one: one.started_s):
            if (outcome := _outcome(contract, exchange)) is not None:
                judgement = judged.get(exchange.id)
                lines.writerow(map(_cell, _line(contract, exchange, outcome, judgement, hidden)))


def _outcome(contract: Contract, exchange: Exchange) -> str | None:
    """Return what became of a message; None where none was made."""
    response = exchange.response
    if response is None:
        return None if exchange.failure in NEVER_SENT else _UNKNOWN
    if response.status in MAYBE_SERVED:
        return _UNKNOWN
    outcome = contract.provider.outcome(response.status, answer_of(response), response.body)
    if outcome is Outcome.FOREIGN and response.status < 300:
        return _UNKNOWN
    return str(outcome) if outcome in (Outcome.ACCEPTED, Outcome.FAILED) else None


def _line(
    contract: Contract, exchange: Exchange, outcome: str, judgement: Judgement | None, hidden: Collection[str]
) -> Iterator[str]:
    answer = MISSING if exchange.response is None else answer_of(exchange.response)
    identity = at(answer, contract.provider.answer["id"])
    yield datetime.fromtimestamp(exchange.started_s, UTC).isoformat(timespec="milliseconds")
    yield "" if identity in (MISSING, None) else str(identity)
    yield outcome
    yield "" if judgement is None else _recipient(judgement, hidden)
    yield "" if judgement is None else " ".join(_clauses(judgement))
    yield exchange.case or ""
    yield exchange.id


def _recipient(judgement: Judgement, hidden: Collection[str]) -> str:
    """Return the recipient, redacted: what stands for a number of the profile ends as that number does."""
    number = judgement.analysis.recipient
    if number is None:
        return "" if judgement.analysis.value("recipient") is MISSING else "[no number of the plan]"
    if number not in hidden:
        return masked(number)
    country = country_digits(number.removeprefix("+"))
    return f"{number[: 1 + country]}{'*' * (len(number) - country - 3)}{number[-2:]}"


def _clauses(judgement: Judgement) -> tuple[str, ...]:
    reasons = tuple(dict.fromkeys(reason.clause for reason in judgement.analysis.reasons))
    return reasons or judgement.analysis.features


def _cell(text: str) -> str:
    shown = visible(text, _LONGEST)
    return f"'{shown}" if shown.startswith(_FORMULAS) else shown
