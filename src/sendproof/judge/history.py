"""The judge of a run: every exchange by itself, then what they show together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.contract.outcome import Outcome
from sendproof.contract.samples import without_serial
from sendproof.exchange import Exchange
from sendproof.judge.body import answer_of
from sendproof.judge.causes import cause_findings
from sendproof.judge.controls import Controls, blame_findings, control_findings, uncontrolled
from sendproof.judge.credits import codes_of_insufficient_credits, credit_findings, dry_refusals, overdrawn
from sendproof.judge.drops import drop_findings
from sendproof.judge.findings import (
    ACCEPTED,
    CONTRADICTED,
    OBSERVED,
    REFUSED,
    THROTTLED,
    UNDECIDED,
    Context,
    Finding,
    Judgement,
)
from sendproof.judge.identities import idempotency_key, message_id, unique_id_findings
from sendproof.judge.passing_refusals import OF_ITS_MOMENT, of_a_moment
from sendproof.judge.rate_windows import rate_findings
from sendproof.judge.reasons import ReasonCode
from sendproof.judge.refused import has_code
from sendproof.judge.request_analysis import read_request
from sendproof.judge.retries import agree_at_first, retry_findings
from sendproof.judge.server_errors import server_error_findings
from sendproof.judge.single import judge_exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All that a sequence of exchanges says: each judged by itself, and every finding."""

    judgements: tuple[Judgement, ...]
    findings: tuple[Finding, ...]


def judge(contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> Judged:
    """Judge exchanges in the order in which they were started. A pure function."""
    ordered = sorted(exchanges, key=lambda exchange: exchange.started_s)
    repeated = _repeated(contract, account, ordered)
    throttling = _throttling_bodies(contract, account, ordered)

    def judged(exchange: Exchange, *, vouched: bool = False, short: bool = False) -> Judgement:
        context = Context(
            contract=contract,
            account_default_sender=account.default_sender,
            recipients=account.recipients,
            replay=exchange.id in repeated,
            overdrawn=short if exchange.credential.key in account.balances else None,
            vouched=vouched,
            throttling=throttling,
            date=exchange.response.header("Date") if exchange.response else None,
            received_s=exchange.started_s + exchange.elapsed_s,
        )
        return judge_exchange(context, account, exchange)

    first = tuple(judged(exchange) for exchange in ordered)
    short = overdrawn(contract, account, first)
    dry = dry_refusals(contract, first)
    let_in = _last_let_in(first)
    vouched = frozenset(item.exchange.id for item in first if _is_vouched(contract, account, item, let_in, dry))
    judgements = tuple(
        judged(item.exchange, vouched=item.exchange.id in vouched, short=item.exchange.id in short)
        if item.exchange.id in vouched or item.exchange.id in short
        else item
        for item in first
    )
    replayed = _answered_as_replay(contract, judgements)
    of_another = _answered_for_another(contract, judgements)
    unfetched = _unfetched(judgements)
    passing = of_a_moment(contract, judgements)
    controls = Controls(contract, judgements)
    doubtful = uncontrolled(controls, judgements)
    single = (
        _with_reason(_if_lasting(contract, _if_controlled(contract, finding, doubtful), passing), judgement, dry)
        for judgement in judgements
        for finding in judgement.findings
        if not (judgement.exchange.id in replayed and contract.clauses[finding.clause].check == "accepted_status")
        and not (judgement.exchange.id in unfetched and finding.kind == CONTRADICTED)
        and not (judgement.exchange.id in of_another and contract.clauses[finding.clause].check in _RELATED)
    )
    return Judged(
        judgements=judgements, findings=(*single, *_together(contract, account, judgements, controls, passing))
    )


def _if_controlled(contract: Contract, finding: Finding, doubtful: Collection[str]) -> Finding:
    """Let a refusal that may have had another cause say nothing of how its own must be put."""
    clause = contract.clauses[finding.clause]
    of_a_reason = "reasons" in clause.params or clause.check in _OF_A_REASON
    if finding.kind != CONTRADICTED or finding.exchange not in doubtful or not of_a_reason:
        return finding
    why = "the same request without the fault was not seen to be accepted"
    return replace(finding, kind=UNDECIDED, observed=why)


def _if_lasting(contract: Contract, finding: Finding, passing: Collection[str]) -> Finding:
    """Let a refusal of its moment say nothing of how that of its request must be put."""
    clause = contract.clauses[finding.clause]
    if finding.kind != CONTRADICTED or finding.exchange not in passing or clause.check not in _OF_ITS_CAUSE:
        return finding
    return replace(finding, kind=UNDECIDED, observed=OF_ITS_MOMENT, reason=ReasonCode.THROTTLED)


# How a refusal is put, where it rests on the reason that is known.
_OF_ITS_CAUSE = (
    *("refusal_status", "method_status", "method_allow", "challenge"),
    *("documented_text", "documented_code", "code_due", "code_present", "text_misused", "code_misused"),
)
_OF_A_REASON = ("text_misused", "code_misused", "code_due")


def _with_reason(finding: Finding, judgement: Judgement, dry: Collection[str]) -> Finding:
    """Say of what an answer leaves undecided whether a limit of requests, or an empty account, was in the way."""
    if finding.kind != UNDECIDED or finding.reason is not None:
        return finding
    if judgement.exchange.id in dry:
        return replace(finding, reason=ReasonCode.ACCOUNT_DRY)
    return replace(finding, reason=ReasonCode.THROTTLED) if judgement.outcome == THROTTLED else finding


def _throttling_bodies(contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> frozenset[bytes]:
    """Return how throttling is put to keys whose daily limit is not reached."""
    others = (item for item in exchanges if account.keys.get(item.credential.key or "") != "daily_exhausted")
    answers = (item.response for item in others if item.response is not None)
    return frozenset(
        answer.body
        for answer in answers
        if contract.provider.outcome(answer.status, answer_of(answer), answer.body) is Outcome.THROTTLED
    )


def _last_let_in(judgements: Sequence[Judgement]) -> Mapping[str | None, float]:
    """Return when each text, and any text (None), was last accepted on the active key."""
    found: dict[str | None, float] = {}
    for item in judgements:
        if item.outcome == ACCEPTED and item.analysis.key_state == "active" and not item.analysis.hard:
            text = item.analysis.text and without_serial(item.analysis.text)
            found[text] = found[None] = item.exchange.started_s
    return found


def _is_vouched(
    contract: Contract,
    account: Account,
    item: Judgement,
    let_in: Mapping[str | None, float],
    dry: Collection[str],
) -> bool:
    """Whether what the account accepted speaks against the cause that a refusal names.

    The same text, or one whose state is known, tells at any time that it is no matter of the text. A later message of
    any text was paid for, which tells that there were credits, unless the account may have been filled up.
    """
    if not item.of_the_account or item.exchange.id in dry:
        return False
    text, started = item.analysis.text, item.exchange.started_s
    if any(has_code(item.answer, code) for code in contract.provider.unexcludable_of_text):
        known = item.analysis.key_state is not None and (text in account.texts or without_serial(text or "") in let_in)
        return known or text in (None, "")
    if any(has_code(item.answer, code) for code in codes_of_insufficient_credits(contract)):
        return item.analysis.key_state == "active" and let_in.get(None, 0.0) > started
    return item.analysis.key_state in ("active", None) and let_in.get(None, 0.0) > started


def _repeated(contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> frozenset[str]:
    """Return the exchanges whose idempotency key was used more than once, or agrees with another at first."""
    name = contract.provider.fields.get("idempotency")
    if name is None:
        return frozenset()
    keyed: list[tuple[str, str]] = []
    for exchange in exchanges:
        if name.encode() not in exchange.request.body:
            continue
        value = read_request(contract, account, exchange.request, exchange.credential).value("idempotency")
        keyed += [(value.lower(), exchange.id)] if isinstance(value, str) and value else []
    keyed.sort()
    return frozenset(
        identity
        for (key, one), (later, other) in pairwise(keyed)
        if key == later or agree_at_first(key, later)
        for identity in (one, other)
    )


def _answered_as_replay(contract: Contract, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the exchanges with a key of their own that were given the id of another message."""
    named = [(item.exchange.id, message_id(contract, item)) for item in judgements if idempotency_key(item)]
    counts = Counter(identity for _, identity in named if identity)
    return frozenset(exchange for exchange, identity in named if identity and counts[identity] > 1)


# What relates an answer to its request.
_RELATED = ("echo", "normalized", "default_sender", "delivery_failed", "delivery_cause")


def _answered_for_another(contract: Contract, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the exchanges with an idempotency key that were given the answer of another message before."""
    first: dict[str, Judgement] = {}
    found = []
    for item in judgements:
        if idempotency_key(item) is None or (identity := message_id(contract, item)) is None:
            continue
        if item.analysis.instance != first.setdefault(identity, item).analysis.instance:
            found.append(item.exchange.id)
    return frozenset(found)


def _unfetched(judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the refusals of media, where none was ever let in: its URL may not be to be had."""
    with_media = [item for item in judgements if item.analysis.has_media]
    if any(item.outcome == ACCEPTED for item in with_media):
        return frozenset()
    return frozenset(item.exchange.id for item in with_media if item.outcome == REFUSED)


def _together(
    contract: Contract,
    account: Account,
    judgements: Sequence[Judgement],
    controls: Controls,
    passing: Collection[str],
) -> Iterator[Finding]:
    yield from control_findings(controls, judgements, passing)
    yield from blame_findings(contract, judgements, passing)
    yield from unique_id_findings(contract, judgements)
    yield from cause_findings(contract, account, judgements)
    yield from retry_findings(contract, judgements)
    yield from drop_findings(contract, judgements)
    yield from server_error_findings(contract, judgements)
    yield from credit_findings(contract, account, judgements)
    yield from rate_findings(contract, account, judgements)
    yield from _throttling(contract, account, judgements)
    yield from _latency(contract, judgements)


def _throttling(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    main = [item for item in judgements if item.analysis.key_state == "active"]
    throttled = [item for item in main if item.outcome == THROTTLED]
    for clause in contract.with_check("observe_throttling") if main else ():
        at = (throttled or main)[0].exchange.id
        yield Finding(clause=clause.id, exchange=at, kind=OBSERVED, value="throttled" if throttled else "not throttled")


def _latency(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    for clause in contract.with_check("observe_latency"):
        for outcome in (ACCEPTED, REFUSED):
            items = sorted(
                (item for item in judgements if item.outcome == outcome), key=lambda item: item.exchange.elapsed_s
            )
            if items:
                middle = items[len(items) // 2].exchange
                power = math.ceil(math.log10(max(middle.elapsed_s, 1e-4)))
                value = f"{outcome}: median below {10.0**power:g} s"
                yield Finding(clause=clause.id, exchange=middle.id, kind=OBSERVED, value=value)
