"""What the tests of the reports share: contracts, runs made up of them, hostile text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract, load_contract, load_provider
from sendproof.contract.pointer import MISSING
from sendproof.exchange import Credential, Exchange, Headers, Request
from sendproof.judge.request_analysis import RequestAnalysis
from sendproof.judge.verdicts import (
    ERROR,
    FAIL,
    NOT_APPLICABLE,
    NOT_EXERCISED,
    OBSERVATION,
    PASS,
    ExchangeOutcome,
    Judgement,
    ReasonCode,
    Verdict,
    VerdictWord,
)
from sendproof.reports.run_view import Run, fixture_for

HOSTILE = (
    "\x1b[31mred\x1b[0m \x00 \u202egnp.exe\u202c \ud800 \u200b [bold]rich[/bold] [link=x]y[/link] "
    "<script>alert(1)</script> <img src=x onerror=alert(2)> | a | `code` ```\r\n# head\n\n- item "
    "@someone https://evil.example ]]> &amp; '\"$(id) \x9b31m \U000e0041 :smile:"
)
MAIN_KEY = Credential(key="main")
JSON = (("Content-Type", "application/json"),)
VARIABLES = {
    ("main", "api_key"): "TEXTFLOW_API_KEY",
    ("main", "key_id"): "TEXTINGLINE_KEY_ID",
    ("main", "key_secret"): "TEXTINGLINE_KEY_SECRET",
}


@cache
def contract(name: str = "textflow") -> Contract:
    return load_contract(name)


def clause(identity: str = "tf.auth.missing-key") -> Clause:
    return contract("textflow" if identity.startswith("tf.") else "textingline").clauses[identity]


def exchange(
    body: bytes = b"{}",
    *,
    identity: str = "x1",
    method: str = "POST",
    path: str = "/api/v1/messages/send",
    headers: Headers = JSON,
    credential: Credential = MAIN_KEY,
    elapsed_s: float = 0.001,
) -> Exchange:
    return Exchange(
        id=identity,
        request=Request(method=method, path=path, headers=headers, body=body),
        response=None,
        credential=credential,
        started_s=0.0,
        elapsed_s=elapsed_s,
    )


def judgement(outcome: str, elapsed_s: float) -> Judgement:
    reading = RequestAnalysis(
        is_operation=True,
        instance=MISSING,
        reasons=(),
        features=(),
        key_state=None,
        recipient=None,
        sender=None,
        text=None,
        has_media=False,
        identity_known=True,
        provider=load_provider("textflow"),
    )
    return Judgement(
        exchange=exchange(elapsed_s=elapsed_s),
        analysis=reading,
        outcome=ExchangeOutcome(outcome),
        answer=MISSING,
        findings=(),
    )


def green_verdicts(name: str = "textflow") -> dict[str, Verdict]:
    """Every clause as on a faultless target whose profile has no fixture."""
    return {item.id: _green(item, contract(name)) for item in contract(name).clauses.values()}


def _green(item: Clause, of: Contract) -> Verdict:
    if item.level == "excluded":
        return Verdict(clause=item, verdict=NOT_APPLICABLE, detail=item.reason)
    if fixture_for(item, of.provider):
        return Verdict(clause=item, verdict=NOT_EXERCISED, reason=ReasonCode.NO_FIXTURE)
    if item.level == "open":
        return Verdict(clause=item, verdict=OBSERVATION, exercised=1, observation="400", evidence=("x1",))
    return Verdict(clause=item, verdict=PASS, exercised=2, evidence=("x1",))


UNJUDGED: dict[str, Any] = {
    "verdicts": tuple(
        replace(item, verdict=ERROR, observation=None, evidence=()) for item in green_verdicts("textflow").values()
    ),
    "accepted": 0,
    "environment_error": "answered 401",
}
"""The facts of a run whose preflight failed."""


def run_of(changed: Mapping[str, Verdict] | None = None, provider: str = "textflow", **facts: Any) -> Run:
    """A green run, but for some verdicts and facts."""
    run = Run(
        provider=provider,
        title=contract(provider).provider.title,
        kind="mock",
        base_url="http://127.0.0.1:8080",
        name=provider,
        version="0.1.0",
        contract_sha256=contract(provider).sha256,
        corpus_sha256="0" * 64,
        seed=0,
        started=datetime(2026, 3, 15, 14, 30, 0, 123000, tzinfo=UTC),
        duration_s=3.14159,
        complete=True,
        strict=False,
        require_complete=False,
        requests=380,
        accepted=41,
        credits=None,
        exchanges=(exchange(),),
        judgements=(),
        verdicts=tuple((green_verdicts(provider) | dict(changed or {})).values()),
        waived={},
        waiver_errors=(),
        withheld={},
        environment_error=None,
        variables=VARIABLES,
    )
    return replace(run, **facts)


def verdict(identity: str, kind: str = FAIL, **facts: Any) -> Verdict:
    """A verdict as the judge would give it; a failure with its evidence."""
    failed: dict[str, Any] = {
        "exercised": 3,
        "violated": 1,
        "expected": "a 4xx",
        "observed": "201",
        "evidence": ("x1",),
    }
    return Verdict(clause=clause(identity), verdict=VerdictWord(kind), **((failed if kind == FAIL else {}) | facts))


def changed(*verdicts: Verdict) -> dict[str, Verdict]:
    return {item.clause.id: item for item in verdicts}


def hostile_run() -> Run:
    """A run with hostile text in every field that a text can reach."""
    base = clause()
    texts: dict[str, Any] = {"expected": HOSTILE, "observed": HOSTILE}
    verdicts = changed(
        replace(verdict(base.id, **texts), clause=replace(base, claim=HOSTILE)),
        verdict("tf.auth.key-elsewhere", **texts),
        verdict("tf.auth.unknown-key", "inconclusive", detail=HOSTILE, evidence=("x1",)),
        verdict("tf.auth.empty-key", "error", detail=HOSTILE),
        verdict("tf.auth.refusal-status", "observed", observation=HOSTILE, evidence=("x1",)),
        verdict("tf.auth.key-case", "not_applicable", detail=HOSTILE),
    )
    return run_of(
        verdicts,
        title=HOSTILE,
        name=HOSTILE,
        base_url="http://127.0.0.1:1/" + HOSTILE,
        exchanges=(exchange(HOSTILE.encode("utf-8", "surrogatepass"), headers=(("X-Odd", HOSTILE),)),),
        waived={base.id: HOSTILE},
        waiver_errors=(HOSTILE,),
        environment_error=HOSTILE,
    )
