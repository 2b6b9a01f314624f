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
from sendproof.judge.accepted import cause_findings
from sendproof.judge.answered_exchange import Context
from sendproof.judge.credits import codes_of_insufficient_credits, credit_findings, dry_refusals, overdrawn
from sendproof.judge.parsing import answer_of
from sendproof.judge.rate_windows import rate_findings
from sendproof.judge.refusal_causes import (
    OF_ITS_MOMENT,
    UNCONTROLLED,
    Messages,
    blame_findings,
    control_findings,
    of_a_moment,
    uncontrolled,
)
from sendproof.judge.refused import has_code
from sendproof.judge.request_analysis import read_request
from sendproof.judge.retries import agree_at_first, idempotency_key, message_id, retry_findings, unique_id_findings
from sendproof.judge.server_failures import drop_findings, server_error_findings
from sendproof.judge.single import judge_exchange
from sendproof.judge.verdicts import (
    ACCEPTED,
    CONTRADICTED,
    REFUSED,
    THROTTLED,
    UNDECIDED,
    Finding,
    Judged,
    Judgement,
    ReasonCode,
)


def judge(contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> Judged:
    """Judge exchanges in the order in which they were started. A pure function."""
    ordered = sorted(exchanges, key=lambda exchange: exchange.started_s)
    repeated = _with_repeated_key(contract, account, ordered)
    throttling = _throttling_bodies(contract, account, ordered)

    def judged(exchange: Exchange, *, vouched: bool = False, short: bool = False) -> Judgement:
        context = Context(
            contract=contract,
            account=account,
            replay=exchange.id in repeated,
            overdrawn=short if exchange.credential.key in account.balances else None,
            vouched=vouched,
            throttling=throttling,
        )
        return judge_exchange(context, exchange)

    first = tuple(judged(exchange) for exchange in ordered)
    # What all of them show of the account may change what one says: those are judged once more.
    short = overdrawn(contract, account, first)
    dry = dry_refusals(contract, first)
    last_accepted = _last_accepted(first)
    vouched = frozenset(item.exchange.id for item in first if _is_vouched(contract, account, item, last_accepted, dry))
    judgements = tuple(
        judged(item.exchange, vouched=item.exchange.id in vouched, short=item.exchange.id in short)
        if item.exchange.id in vouched or item.exchange.id in short
        else item
        for item in first
    )
    messages = Messages(contract, judgements)
    passing = of_a_moment(contract, messages, judgements)
    others = _Others(
        replayed=_answered_as_replay(contract, judgements),
        of_another=_answered_for_another(contract, judgements),
        unfetched=_unfetched(judgements),
        uncontrolled=uncontrolled(messages, judgements),
        passing=passing,
        dry=dry,
    )
    single = (_beside(contract, others, item, finding) for item in judgements for finding in item.findings)
    together = (
        *control_findings(messages, judgements, passing),
        *blame_findings(contract, messages, judgements, passing),
        *unique_id_findings(contract, judgements),
        *cause_findings(contract, account, judgements),
        *retry_findings(contract, judgements),
        *drop_findings(contract, judgements),
        *server_error_findings(contract, judgements),
        *credit_findings(contract, account, judgements),
        *rate_findings(contract, account, judgements),
        *_throttling(contract, judgements),
        *_latency(contract, judgements),
    )
    return Judged(judgements=judgements, findings=(*filter(None, single), *together))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Others:
    """What other exchanges show of some, by their ids.

    `replayed` and `of_another` were given the id, or the answer, of another message; of `unfetched` the media may not
    be available; `uncontrolled` are refusals without a control, `passing` those of their moment, `dry` those of an
    account that may have run dry.
    """

    replayed: frozenset[str]
    of_another: frozenset[str]
    unfetched: frozenset[str]
    uncontrolled: frozenset[str]
    passing: frozenset[str]
    dry: frozenset[str]


# What relates an answer to its request.
_RELATED = ("echo", "normalized", "default_sender", "delivery_failed", "delivery_cause")
# How a refusal is worded and marked, where it rests on the reason that is known.
_OF_ITS_CAUSE = (
    *("refusal_status", "method_status", "method_allow", "challenge"),
    *("documented_text", "documented_code", "code_due", "code_present", "text_misused", "code_misused"),
)
_OF_A_REASON = ("text_misused", "code_misused", "code_due")


def _beside(contract: Contract, others: _Others, judgement: Judgement, finding: Finding) -> Finding | None:
    """Return what is left of a finding of one exchange where the others are known; None for nothing."""
    clause, exchange = contract.clauses[finding.clause], finding.exchange
    if exchange in others.replayed and clause.check == "accepted_status":
        return None
    if exchange in others.of_another and clause.check in _RELATED:
        return None
    if finding.kind == CONTRADICTED:
        if exchange in others.unfetched:
            return None
        if exchange in others.uncontrolled and ("reasons" in clause.params or clause.check in _OF_A_REASON):
            # It may have had another cause, so it says nothing of how its own must be refused.
            finding = replace(finding, kind=UNDECIDED, observed=UNCONTROLLED)
        elif exchange in others.passing and clause.check in _OF_ITS_CAUSE:
            return replace(finding, kind=UNDECIDED, observed=OF_ITS_MOMENT, reason=ReasonCode.THROTTLED)
    if finding.kind == UNDECIDED and finding.reason is None:
        if exchange in others.dry:
            return replace(finding, reason=ReasonCode.ACCOUNT_DRY)
        if judgement.outcome == THROTTLED:
            return replace(finding, reason=ReasonCode.THROTTLED)
    return finding


def _throttling_bodies(contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> frozenset[bytes]:
    """Return the answers by which keys are throttled whose daily limit is not reached."""
    others = (item for item in exchanges if account.keys.get(item.credential.key or "") != "daily_exhausted")
    answers = (item.response for item in others if item.response is not None)
    return frozenset(
        answer.body
        for answer in answers
        if contract.provider.outcome(answer.status, answer_of(answer), answer.body) is Outcome.THROTTLED
    )


def _last_accepted(judgements: Sequence[Judgement]) -> Mapping[str | None, float]:
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
    last_accepted: Mapping[str | None, float],
    dry: Collection[str],
) -> bool:
    """Whether what the account accepted speaks against the cause that a refusal names.

    The same text, or one whose state is known, shows at any time that the text is not the cause. A later message of
    any text was paid for, which shows that there were credits, unless the account may have been filled up.
    """
    if not item.of_the_account or item.exchange.id in dry:
        return False
    text, key_state = item.analysis.text, item.analysis.key_state
    if any(has_code(contract.provider, item.answer, code) for code in contract.provider.unexcludable_of_text):
        is_known = text in account.texts or without_serial(text or "") in last_accepted
        return (key_state is not None and is_known) or text in (None, "")
    was_paid_later = last_accepted.get(None, 0.0) > item.exchange.started_s
    if any(has_code(contract.provider, item.answer, code) for code in codes_of_insufficient_credits(contract)):
        return key_state == "active" and was_paid_later
    return key_state in ("active", None) and was_paid_later


def _with_repeated_key(contract: Contract, account: Account, exchanges: Sequence[Exchange]) -> frozenset[str]:
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
    """Return the refusals of media, where none was ever accepted: its URL may not be available."""
    with_media = [item for item in judgements if item.analysis.has_media]
    if any(item.outcome == ACCEPTED for item in with_media):
        return frozenset()
    return frozenset(item.exchange.id for item in with_media if item.outcome == REFUSED)


def _throttling(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    main = [item for item in judgements if item.analysis.key_state == "active"]
    throttled = [item for item in main if item.outcome == THROTTLED]
    for clause in contract.with_check("observe_throttling") if main else ():
        yield (throttled or main)[0].observation(clause.id, "throttled" if throttled else "not throttled")


def _latency(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Observe the median as a power of ten, which stays the same from run to run."""
    for clause in contract.with_check("observe_latency"):
        for outcome in (ACCEPTED, REFUSED):
            items = sorted(
                (item for item in judgements if item.outcome == outcome), key=lambda item: item.exchange.elapsed_s
            )
            if items:
                middle = items[len(items) // 2]
                power = math.ceil(math.log10(max(middle.exchange.elapsed_s, 1e-4)))
                yield middle.observation(clause.id, f"{outcome}: median below {10.0**power:g} s")
