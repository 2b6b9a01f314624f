"""Findings: what one exchange, or several, say of one clause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendproof.contract.model import Contract
from sendproof.exchange import Exchange
from sendproof.judge.reasons import ReasonCode
from sendproof.judge.request_analysis import RequestAnalysis

UPHELD, CONTRADICTED, OBSERVED, UNDECIDED = "upheld", "contradicted", "observed", "undecided"
EXCUSED, LOST = "excused", "lost"
ACCEPTED, REFUSED, THROTTLED, SERVER_ERROR, NO_ANSWER, OTHER = (
    "accepted",
    "refused",
    "throttled",
    "server_error",
    "no_answer",
    "other",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an exchange says of a clause.

    `kind` is UPHELD, CONTRADICTED, OBSERVED (with `value`), UNDECIDED (asked, but it
    says nothing; `observed` tells why), EXCUSED (refused as another clause permits) or
    LOST (a valid message that was never answered: the clause cannot be said to hold).
    A contradiction counts only where none of the clauses `unless` is contradicted, each of
    which would explain it. Where a keyword of a schema is broken, `keyword` and `pointer` say which, and where in the
    answer. `reason` is why an UNDECIDED clause is so. `suspects` are the other
    clauses of which any would explain a contradiction too.
    """

    clause: str
    exchange: str
    kind: str
    expected: str = ""
    observed: str = ""
    value: str | None = None
    unless: tuple[str, ...] = ()
    reason: ReasonCode | None = None
    suspects: tuple[str, ...] = ()
    keyword: str | None = None
    pointer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One exchange, judged by itself.

    `sole_reason` is the clause that alone explains a refusal (upheld only with a
    control); `unexplained` that a refusal has no reason at all; `of_the_account` that it
    speaks of the account, which no request can rule out. `answer` is the JSON value of
    the answer, or MISSING.
    """

    exchange: Exchange
    analysis: RequestAnalysis
    outcome: str
    answer: Any
    findings: tuple[Finding, ...]
    sole_reason: str | None = None
    unexplained: bool = False
    of_the_account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known beside the exchange itself when it is judged.

    `replay` tells that its idempotency key was used more than once; `overdrawn` that
    the balance of its metered key does not cover the message (None: not metered);
    `vouched` that the account let a message with the same text in later. `throttling`
    are the bodies of a 429 to other keys. `date` is the answer's own `Date`, `received_s` when the
    answer was there, by the clock of the run, in seconds since the Unix epoch.
    """

    contract: Contract
    account_default_sender: str | None
    recipients: Mapping[str, str]
    replay: bool = False
    overdrawn: bool | None = None
    vouched: bool = False
    throttling: frozenset[bytes] = frozenset()
    date: str | None = None
    received_s: float = 0.0


def shown(value: object, limit: int = 120) -> str:
    """Return a value as a person may read it, shortened to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
