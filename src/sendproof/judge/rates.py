"""Rate limits of one key: enforced, not early, over after the window, and no other key's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sendproof.account import Account, RateLimit
from sendproof.contract.model import Contract
from sendproof.exchange import MAYBE_SERVED
from sendproof.judge.findings import (
    ACCEPTED,
    CONTRADICTED,
    NO_ANSWER,
    REFUSED,
    SERVER_ERROR,
    THROTTLED,
    UNDECIDED,
    UPHELD,
    Finding,
    Judgement,
)
from sendproof.judge.refused import is_unexcludable

# Clocks differ: a pause counts as a whole window from this part of it on.
_WINDOW_SHARE = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class _Burst:
    """Messages on one limited key without a pause of a window: those accepted, the first that is not."""

    accepted: tuple[Judgement, ...]
    stop: Judgement | None
    clean: bool
    unknown: int

    @property
    def duration_s(self) -> float:
        first, last = self.accepted[0].exchange, self.accepted[-1].exchange
        return last.started_s + last.elapsed_s - first.started_s

    @property
    def most(self) -> int:
        """Return how many may have been let in: those of which nobody knows are counted."""
        return len(self.accepted) + self.unknown

    @property
    def throttled(self) -> bool:
        return self.stop is not None and self.stop.outcome == THROTTLED


def rate_findings(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Judge the documented limit of each key that has one, from bursts a window apart.

    A window aligned to the clock may start within a burst, so that more than the limit
    pass in it: only what happens in two bursts, each much shorter than a window, tells of a
    limit that is too high.
    """
    clauses = {clause.params["aspect"]: clause.id for clause in contract.with_check("rate_limit")}
    for key, limit in account.rate_limits.items() if clauses else ():
        own = [item for item in judgements if item.exchange.credential.key == key]
        bursts = [burst for burst in _bursts(own, limit) if not _is_of_the_account(contract, burst)]
        for aspect, rule in _ASPECTS.items():
            for item, kind, expected, observed in rule(bursts, limit):
                yield Finding(
                    clause=clauses[aspect],
                    exchange=item.exchange.id,
                    kind=kind,
                    expected=expected,
                    observed=observed,
                    unless=_explaining(contract, item),
                )
        for item, kind in _isolated(account, judgements, own):
            yield Finding(
                clause=clauses["isolated"],
                exchange=item.exchange.id,
                kind=kind,
                expected="accepted",
                observed=item.outcome,
            )


def _explaining(contract: Contract, item: Judgement) -> tuple[str, ...]:
    """Return the clauses that say better what is wrong with the answer at a limit: its 5xx, or its 2xx."""
    if item.outcome == SERVER_ERROR:
        return tuple(clause.id for clause in contract.with_check("no_server_error"))
    success = item.outcome == REFUSED and item.exchange.response and item.exchange.response.status // 100 == 2
    statuses = (clause for clause in contract.with_check("refusal_status") if clause.params.get("group") == "any")
    return tuple(clause.id for clause in statuses) if success else ()


def _bursts(items: list[Judgement], limit: RateLimit) -> list[_Burst]:
    parts: list[list[Judgement]] = []
    previous: Judgement | None = None
    for item in items:
        if previous is None or _pause_s(previous, item) >= limit.window_s * _WINDOW_SHARE:
            parts.append([])
        parts[-1].append(item)
        previous = item
    return [_burst(part, clean=index > 0) for index, part in enumerate(parts)]


def _is_of_the_account(contract: Contract, burst: _Burst) -> bool:
    """Whether a burst ended for another limit, such as that of a day."""
    return burst.stop is not None and is_unexcludable(contract.provider, burst.stop.answer)


def _pause_s(one: Judgement, two: Judgement) -> float:
    return two.exchange.started_s - one.exchange.started_s - one.exchange.elapsed_s


def _burst(part: list[Judgement], *, clean: bool) -> _Burst:
    stop = next((item for index, item in enumerate(part) if _stops(item, part[index + 1 :])), None)
    return _Burst(
        accepted=tuple(item for item in part if item.outcome == ACCEPTED),
        stop=stop,
        clean=clean,
        unknown=sum(_is_unknown(item) for item in part),
    )


def _is_unknown(item: Judgement) -> bool:
    """Whether nobody knows if a message was let in: no answer, or one of a gateway."""
    response = item.exchange.response
    return response is None or response.status in MAYBE_SERVED


def _stops(item: Judgement, later: Sequence[Judgement]) -> bool:
    """Whether a message was not let in, for what seems to be the limit: a failure that passes is none."""
    passing = item.outcome in (SERVER_ERROR, NO_ANSWER) and any(other.outcome == ACCEPTED for other in later)
    return item.outcome != ACCEPTED and not passing


_Said = Iterator[tuple[Judgement, str, str, str]]


def _enforced(bursts: list[_Burst], limit: RateLimit) -> _Said:
    expected = f"429 after {limit.limit} messages in {limit.window_s:g} s"
    over = [burst for burst in bursts if len(burst.accepted) > limit.limit + _refilled(burst, limit)]
    # One answer of a gateway may come at any moment; at the limit, twice, it is the limit's.
    failing = [
        burst
        for burst in bursts
        if burst.stop
        and burst.stop.outcome == SERVER_ERROR
        and not _is_unknown(burst.stop)
        and len(burst.accepted) == limit.limit
    ]
    for burst in bursts:
        if burst.stop and (
            (burst.stop.outcome == REFUSED and burst.accepted) or (burst in failing and len(failing) > 1)
        ):
            yield burst.stop, CONTRADICTED, expected, _status(burst.stop)
        elif burst in over:
            repeated = len(over) > 1 and all(item.duration_s < limit.window_s / 2 for item in over)
            beyond = len(burst.accepted) > _most_by_the_clock(burst, limit)
            kind = CONTRADICTED if repeated or beyond else UNDECIDED
            yield burst.accepted[-1], kind, expected, f"{len(burst.accepted)} were accepted"
        elif burst.throttled and burst.stop:
            yield burst.stop, UPHELD, "", ""
        elif burst.accepted:
            yield burst.accepted[-1], UNDECIDED, "", "the limit was not reached"


def _most_by_the_clock(burst: _Burst, limit: RateLimit) -> int:
    """Return how many windows that are aligned to the clock let in: each that a burst touches, in full."""
    return limit.limit * (math.ceil(burst.duration_s / limit.window_s) + 1)


def _refilled(burst: _Burst, limit: RateLimit) -> int:
    """Return how many a bucket that fills evenly gives back during a burst."""
    return int(burst.duration_s * limit.limit / limit.window_s) if burst.accepted else 0


def _not_early(bursts: list[_Burst], limit: RateLimit) -> _Said:
    for burst in bursts:
        if not burst.clean or (burst.stop and burst.stop.outcome == NO_ANSWER):
            continue
        if len(burst.accepted) >= limit.limit:
            yield burst.accepted[-1], UPHELD, "", ""
        elif burst.throttled and burst.stop and burst.accepted and burst.most < limit.limit:
            expected = f"{limit.limit} messages accepted in {limit.window_s:g} s"
            yield burst.stop, CONTRADICTED, expected, f"429 after {len(burst.accepted)}"


def _recovers(bursts: list[_Burst], limit: RateLimit) -> _Said:
    for before, after in pairwise(bursts):
        if not before.throttled:
            continue
        expected = f"accepted after a wait of {limit.window_s:g} s"
        if after.accepted:
            yield after.accepted[0], UPHELD, "", ""
        elif after.throttled and after.stop:
            yield after.stop, CONTRADICTED, expected, "429"
        elif after.stop:
            yield after.stop, UNDECIDED, expected, after.stop.outcome


def _isolated(
    account: Account, judgements: Sequence[Judgement], own: list[Judgement]
) -> Iterator[tuple[Judgement, str]]:
    limited = [item.exchange.id for item in own if item.outcome == THROTTLED]
    for before, after in pairwise(judgements):
        other = account.keys.get(after.exchange.credential.key or "") == "active"
        if before.exchange.id in limited and other and not after.reading.hard:
            yield after, {ACCEPTED: UPHELD, THROTTLED: CONTRADICTED}.get(after.outcome, UNDECIDED)


def _status(item: Judgement) -> str:
    return str(item.exchange.response.status) if item.exchange.response else item.outcome


_ASPECTS = {"enforced": _enforced, "not_early": _not_early, "recovers": _recovers}
