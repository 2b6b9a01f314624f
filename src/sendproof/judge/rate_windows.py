"""Rate limits of one key: enforced, not early, over after the window, and no other key's.

It is unknown when a service counts a request, and when its window begins: a request counts at some moment between being
sent and being answered, and a window's end is an interval. Of the ways to limit, those that let a whole limit pass
at once and again after the window are permitted: a window that the first request opens, windows that follow the clock,
any window whatever (sliding), a bucket that holds the limit and refills evenly.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from sendproof.account import Account, RateLimit
from sendproof.contract.model import Contract
from sendproof.contract.samples import without_serial
from sendproof.exchange import MAYBE_SERVED, NEVER_SENT
from sendproof.judge.refused import is_unexcludable
from sendproof.judge.verdicts import (
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
    ReasonCode,
)
from sendproof.judge.worlds import Decision, Dimension, Group, History, Row, Timed, decide, grouped

# Clocks differ: a pause counts as a whole window from this part of it on.
_WINDOW_SHARE = 0.98
# As good as none: no run sends so many.
UNLIMITED = 10**9
# Failures of the server that come and go are fewer than so many in a run.
_PASSING_FAILURES = 2


class Reply(StrEnum):
    """What became of a request, as far as a limit goes. Of what is UNKNOWN it is not known whether it was counted."""

    ACCEPTED = "accepted"
    THROTTLED = "429"
    REFUSED = "refused"
    FAILED = "5xx"
    UNKNOWN = "not answered"


class Hit(NamedTuple):
    """One request on a limited key, between two moments in seconds; `recipient` and `text` as numbers of their own."""

    reply: Reply
    sent_s: float
    answered_s: float
    recipient: int = 0
    text: int = 0


class Limiter(StrEnum):
    """How requests are counted."""

    FIRST = "a window that the first request opens"
    CLOCK = "windows that follow the clock"
    SLIDING = "any window"
    BUCKET = "a bucket that holds the limit"
    ONE_A_SECOND = "a bucket that refills one a second"
    EVENLY = "a bucket of one that refills evenly"


class Scope(StrEnum):
    """For what a limit is counted."""

    KEY = "the key"
    RECIPIENT = "each recipient"
    TEXT = "each text"


# Each refusal locks the key out for two windows.
LOCKED_OUT = -2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWorld:
    """One way in which a service may limit a key: `limit` requests in `window_s`, `late` more or `early` fewer.

    `begun_s` is when the first request was sent: what came before is not known. `shared` says that others may use
    the key. `stretch` is how many documented windows one really lasts. `atomic` says that requests at once are counted
    one by one.
    """

    limit: int
    window_s: float
    begun_s: float
    shared: bool = False
    answer: Reply = Reply.THROTTLED
    late: int = 0
    early: int = 0
    atomic: bool = True
    scope: Scope = Scope.KEY
    limiter: Limiter = Limiter.FIRST
    stretch: float = 1.0
    counts_refused: bool = False
    counts_failed: bool = False

    @property
    def is_permitted(self) -> bool:
        """Whether a document permits such a service."""
        as_documented = (self.answer, self.late, self.early, self.atomic, self.scope, self.stretch)
        permitted = (Reply.THROTTLED, 0, 0, True, Scope.KEY, 1.0)
        return as_documented == permitted and self.limiter not in (Limiter.ONE_A_SECOND, Limiter.EVENLY)

    @property
    def most(self) -> int:
        """How many pass."""
        return self.limit + self.late - self.early

    @property
    def lasting_s(self) -> float:
        """How long a window lasts."""
        return self.window_s * abs(self.stretch)


class Window(NamedTuple):
    """A window that ends in an interval, and the least and the most that it may have counted."""

    end_from_s: float
    end_to_s: float
    least: int
    most: int


class Log(NamedTuple):
    """When each request was counted, at the earliest and at the latest."""

    earliest_s: tuple[float, ...]
    latest_s: tuple[float, ...]


class Bucket(NamedTuple):
    """The least and the most that a bucket may have held, some time in an interval."""

    least: float
    most: float
    from_s: float
    to_s: float


Counter = Window | Log | Bucket


class Counters(NamedTuple):
    """The counter of each scope that was seen, what it was before requests that overlap, and failures that passed."""

    of: tuple[tuple[int, Counter], ...] = ()
    seen: tuple[tuple[int, Counter], ...] = ()
    failures: int = 0


def _start(world: RateWorld) -> Iterable[Counters]:
    """Return the counters before all requests; none for worlds that would only repeat the work, or prove nothing.

    Windows that follow the clock excuse a service, but no rival is tried with them: such a window may end in each pause
    of a run by chance, and would leave each clause in doubt. Who has them is found out by a window of another kind. A
    limit that is counted in parts, or is none, is one and the same with each limiter.
    """
    is_first = world.limiter == Limiter.FIRST
    repeats = world.counts_refused and world.limiter != Limiter.SLIDING
    parts = world.scope != Scope.KEY or world.late == UNLIMITED or world.stretch == LOCKED_OUT
    doubtful = not world.is_permitted and world.limiter == Limiter.CLOCK
    return () if repeats or doubtful or (parts and not is_first) else (Counters(),)


def _unused(world: RateWorld) -> Counter:
    """Return what a counter may be before the first request that is known.

    Requests of an earlier run may have come before. They excuse a service, but no rival is tried with them: that
    somebody asked just in time to hide what is wrong would leave each clause in doubt.
    """
    if world.limiter in (Limiter.FIRST, Limiter.CLOCK):
        if world.is_permitted:
            return Window(-math.inf, world.begun_s + world.lasting_s, 0, world.most)
        return Window(-math.inf, world.begun_s, 0, 0)
    if world.limiter == Limiter.SLIDING:
        return Log((), ())
    return Bucket(0.0 if world.is_permitted else _capacity(world), _capacity(world), world.begun_s, world.begun_s)


def _capacity(world: RateWorld) -> float:
    return world.most if world.limiter == Limiter.BUCKET else 1.0


def step(world: RateWorld, counters: Counters, hit: Hit, first: bool) -> Iterator[Counters]:  # noqa: FBT001 - of worlds.Dimension
    """Yield the counters that may follow a request; nothing where the world rules its answer out."""
    if not world.atomic and first:
        counters = counters._replace(seen=counters.of)
    scope = {Scope.KEY: 0, Scope.RECIPIENT: hit.recipient, Scope.TEXT: hit.text}[world.scope]
    known = dict(counters.of)
    counter = known.get(scope) or _unused(world)
    reply = Reply.THROTTLED if hit.reply == world.answer != Reply.THROTTLED else hit.reply
    if reply == Reply.FAILED and counters.failures >= _PASSING_FAILURES:
        return
    for after in _counted(world, counter, dict(counters.seen).get(scope, counter), hit, reply):
        of = tuple(sorted({**known, scope: after}.items(), key=lambda item: item[0]))
        yield counters._replace(of=of, failures=counters.failures + (reply == Reply.FAILED))


def _counted(world: RateWorld, counter: Counter, seen: Counter, hit: Hit, reply: Reply) -> Iterator[Counter]:
    if reply == Reply.ACCEPTED:
        if world.atomic:
            yield from admit(world, counter, hit)
        elif any(True for _ in admit(world, seen, hit)):
            yield from admit(replace(world, late=UNLIMITED), counter, hit)
    elif reply == Reply.THROTTLED:
        refused = tuple(refuse(world, counter if world.atomic else seen, hit))
        yield from refused or ((counter,) if world.shared else ())
    elif reply == Reply.FAILED:
        yield from admit(world, counter, hit) if world.counts_failed else (counter,)
        if world.counts_failed:
            yield from refuse(world, counter, hit)
    elif reply == Reply.UNKNOWN:
        yield counter
        yield from admit(world, counter, hit)


def admit(world: RateWorld, counter: Counter, hit: Hit) -> Iterator[Counter]:
    """Yield the counter after a request that passes, if one can pass."""
    if isinstance(counter, Window):
        if hit.sent_s < counter.end_to_s and counter.least < world.most:
            most = min(counter.most, world.most - 1) + 1
            yield Window(max(counter.end_from_s, hit.sent_s), counter.end_to_s, counter.least + 1, most)
        if world.most > 0:
            yield from _new_windows(world, counter, hit)
    elif isinstance(counter, Log):
        surely = len(counter.earliest_s) - bisect_right(counter.earliest_s, hit.answered_s - world.lasting_s)
        if surely < world.most:
            yield _logged(world, counter, hit)
    else:
        low, high = _refilled(world, counter, hit)
        if high >= 1:
            yield Bucket(max(low, 1.0) - 1, high - 1, hit.sent_s, hit.answered_s)


def _new_windows(world: RateWorld, window: Window, hit: Hit) -> Iterator[Window]:
    """Yield the windows that a request may be the first of, after the one that is known."""
    if hit.answered_s < window.end_from_s:
        return
    lasting_s = world.lasting_s
    if world.limiter == Limiter.FIRST:
        yield Window(max(hit.sent_s, window.end_from_s) + lasting_s, hit.answered_s + lasting_s, 1, 1)
        return
    passed = 0 if math.isinf(window.end_from_s) else int(max(hit.sent_s - window.end_to_s, 0.0) / lasting_s)
    for number in range(passed + 1, passed + 3):
        end_from_s = max(window.end_from_s + number * lasting_s, hit.sent_s)
        end_to_s = min(window.end_to_s + number * lasting_s, hit.answered_s + lasting_s)
        if end_from_s <= end_to_s:
            yield Window(end_from_s, end_to_s, 1, 1)


def refuse(world: RateWorld, counter: Counter, hit: Hit) -> Iterator[Counter]:
    """Yield the counter after a request over the limit, if it can be over it."""
    if isinstance(counter, Window):
        if hit.sent_s >= counter.end_to_s or counter.most < world.most:
            return
        full = max(counter.least, world.most)
        if world.stretch == LOCKED_OUT:
            yield Window(hit.sent_s + world.lasting_s, hit.answered_s + world.lasting_s, full, full)
        else:
            yield Window(max(counter.end_from_s, hit.sent_s), counter.end_to_s, full, max(counter.most, full))
    elif isinstance(counter, Log):
        may_be = len(counter.latest_s) - bisect_right(counter.latest_s, hit.sent_s - world.lasting_s)
        if may_be >= world.most or (world.is_permitted and hit.sent_s < world.begun_s + world.lasting_s):
            yield _logged(world, counter, hit) if world.counts_refused else counter
    else:
        least, most = _refilled(world, counter, hit)
        if least < 1:
            yield Bucket(least, min(most, 1.0), hit.sent_s, hit.answered_s)


def _logged(world: RateWorld, log: Log, hit: Hit) -> Log:
    """Return a log with one request more, without what no later one can meet."""
    gone = bisect_right(log.latest_s, hit.sent_s - world.lasting_s)
    return Log((*log.earliest_s[gone:], hit.sent_s), (*log.latest_s[gone:], hit.answered_s))


def _refilled(world: RateWorld, bucket: Bucket, hit: Hit) -> tuple[float, float]:
    per_s = 1.0 if world.limiter == Limiter.ONE_A_SECOND else world.most / world.lasting_s
    capacity = _capacity(world)
    least = min(bucket.least + per_s * max(hit.sent_s - bucket.to_s, 0.0), capacity)
    return least, min(bucket.most + per_s * (hit.answered_s - bucket.from_s), capacity)


def limited_dimension(
    world: RateWorld, history: History[Hit], passed: Iterable[int]
) -> Dimension[Hit, Counters, RateWorld]:
    """Return what is promised of a limited key, what is left open, and what would be wrong.

    A value that no event could show is left out: it would only repeat the work. `passed` are the numbers of requests
    that were accepted in a burst, of which each other than the limit might be the real one.
    """
    hits = [hit for group in history for hit in group.events]
    replies = {hit.reply for hit in hits}
    scopes = (
        *((Scope.RECIPIENT,) if len({hit.recipient for hit in hits}) > 1 else ()),
        *((Scope.TEXT,) if len({hit.text for hit in hits}) > 1 else ()),
    )
    answers = tuple(reply for reply in (Reply.REFUSED, Reply.FAILED) if reply in replies)
    others = sorted(set(passed) - {world.limit})
    late = (1, *(number - world.limit for number in others if number > world.limit + 1), UNLIMITED)
    early = dict.fromkeys((1, *(world.limit - number for number in others if 0 < number < world.limit)))
    return Dimension(
        rows=(
            Row("answer", "enforced", (Reply.THROTTLED,), answers),
            Row("late", "enforced", (0,), late),
            Row("scope", "enforced", (Scope.KEY,), scopes),
            Row("atomic", "enforced", (True,), (False,) if any(_is_over(group, world) for group in history) else ()),
            Row("early", "not_early", (0,), tuple(number for number in early if number < world.limit)),
            Row(
                "limiter",
                "not_early",
                (Limiter.FIRST, Limiter.CLOCK, Limiter.SLIDING, Limiter.BUCKET),
                # A bucket of one is early for a larger limit alone.
                (Limiter.ONE_A_SECOND, Limiter.EVENLY) if world.limit > 1 else (),
            ),
            Row("stretch", "recovers", (1.0,), (2.0, math.inf, LOCKED_OUT)),
            Row("counts_refused", None, (False, True)),
            Row("counts_failed", None, (False, True) if Reply.FAILED in replies else (False,)),
        ),
        world=world,
        start=_start,
        step=step,
    )


def _is_over(group: Group[Hit], world: RateWorld) -> bool:
    """Whether more than the limit were accepted of requests at once."""
    return len(group.events) > 1 and sum(hit.reply == Reply.ACCEPTED for hit in group.events) > world.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Burst:
    """Requests on one limited key without a pause of a window."""

    items: tuple[Judgement, ...]
    hits: tuple[Hit, ...]

    @property
    def is_slow(self) -> bool:
        """Whether there was time between any two requests."""
        return all(after.sent_s - before.sent_s >= _SLOW_S for before, after in pairwise(self.hits))

    @property
    def accepted(self) -> int:
        """How many requests were accepted."""
        return len(self.with_reply(Reply.ACCEPTED))

    def with_reply(self, *replies: Reply) -> tuple[Judgement, ...]:
        """Return what was answered so."""
        return tuple(item for item, hit in zip(self.items, self.hits, strict=True) if hit.reply in replies)


_ASPECTS = ("enforced", "not_early", "recovers")


def rate_findings(contract: Contract, account: Account, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Say what the bursts on each key with a documented limit show of it, and what they do to another key."""
    clauses = {clause.params["aspect"]: clause.id for clause in contract.with_check("rate_limit")}
    for key, limit in account.rate_limits.items() if clauses else ():
        bursts = _bursts([item for item in judgements if item.exchange.credential.key == key], limit)
        kept = [burst for burst in bursts if not _ended_by_something_else(contract, burst, limit)]
        kept = _without_spikes(kept, limit)
        if kept:
            shared = not account.exclusive.get(key, True)
            yield from _findings(contract, clauses, kept, limit, shared=shared)
        elif bursts:
            why = "what was accepted ended for something else than the limit"
            for aspect in _ASPECTS:
                yield bursts[-1].items[-1].finding(UNDECIDED, clauses[aspect], observed=why)
        yield from _isolated(account, judgements, kept, clauses["isolated"])


def _bursts(items: Sequence[Judgement], limit: RateLimit) -> list[_Burst]:
    asked = [(item, hit) for item in items if (hit := _hit(item))]
    recipients = {item.analysis.recipient: number for number, (item, _) in enumerate(reversed(asked))}
    texts = {without_serial(item.analysis.text or ""): number for number, (item, _) in enumerate(reversed(asked))}
    parts: list[list[tuple[Judgement, Hit]]] = []
    for item, hit in asked:
        if not parts or hit.sent_s - parts[-1][-1][1].answered_s >= limit.window_s * _WINDOW_SHARE:
            parts.append([])
        text = texts[without_serial(item.analysis.text or "")]
        parts[-1].append((item, hit._replace(recipient=recipients[item.analysis.recipient], text=text)))
    return [_Burst(items=tuple(one for one, _ in part), hits=tuple(hit for _, hit in part)) for part in parts]


_REPLIES = {
    ACCEPTED: Reply.ACCEPTED,
    THROTTLED: Reply.THROTTLED,
    REFUSED: Reply.REFUSED,
    SERVER_ERROR: Reply.FAILED,
    NO_ANSWER: Reply.UNKNOWN,
}


def _hit(item: Judgement) -> Hit | None:
    """Return a request as far as a limit goes; None of what cannot have been counted, or has a fault of its own."""
    has_fault = item.analysis.hard and item.outcome != THROTTLED
    reply = Reply.UNKNOWN if item.status in MAYBE_SERVED else _REPLIES.get(item.outcome)
    if has_fault or reply is None or item.exchange.failure in NEVER_SENT:
        return None
    sent_s = item.exchange.started_s
    return Hit(reply, sent_s, sent_s + item.exchange.elapsed_s)


def _ended_by_something_else(contract: Contract, burst: _Burst, limit: RateLimit) -> bool:
    """Whether a burst ended for another limit, such as that of a day, or was refused before it could be at its own."""
    refused = burst.with_reply(Reply.REFUSED)
    if any(is_unexcludable(contract.provider, item.answer) for item in refused):
        return True
    return bool(refused) and burst.accepted < limit.limit


# So far apart are the requests of a burst that meets no limit of a second.
_SLOW_S = 0.5


def _without_spikes(bursts: list[_Burst], limit: RateLimit) -> list[_Burst]:
    """Leave out what was throttled too early for its pace alone: more slowly, just the limit was accepted.

    No document names such a limit of a second. It hides nothing of the one that is named: a slow burst meets that, too.
    """
    proven = any(
        burst.is_slow and burst.accepted == limit.limit and burst.with_reply(Reply.THROTTLED) for burst in bursts
    )
    return [burst for burst in bursts if not proven or burst.is_slow or burst.accepted >= limit.limit]


def _history(bursts: Sequence[_Burst]) -> History[Hit]:
    timed = [Timed(event=hit, sent_s=hit.sent_s, answered_s=hit.answered_s) for burst in bursts for hit in burst.hits]
    return tuple(map(_alike, grouped(timed)))


def _alike(group: Group[Hit]) -> Group[Hit]:
    """Return requests that overlap as if each had the time of all: then those that were answered alike are equal."""
    if len(group.events) == 1:
        return group
    sent_s = min(hit.sent_s for hit in group.events)
    answered_s = max(hit.answered_s for hit in group.events)
    events = tuple(hit._replace(sent_s=sent_s, answered_s=answered_s) for hit in group.events)
    return replace(group, events=events)


def _findings(
    contract: Contract, clauses: Mapping[str, str], bursts: Sequence[_Burst], limit: RateLimit, *, shared: bool
) -> Iterator[Finding]:
    history = _history(bursts)
    begun_s = bursts[0].hits[0].sent_s
    world = RateWorld(limit=limit.limit, window_s=limit.window_s, begun_s=begun_s, shared=shared)
    decision = decide(limited_dimension(world, history, [burst.accepted for burst in bursts]), history)
    throttled = [item for burst in bursts for item in burst.with_reply(Reply.THROTTLED)]
    of_a_day = any(is_unexcludable(contract.provider, item.answer) for item in throttled)
    for aspect in _ASPECTS:
        if aspect == "recovers" and not any(one.with_reply(Reply.THROTTLED) for one in bursts[:-1]):
            continue
        item = _evidence(aspect, bursts)
        if aspect in decision.upheld:
            yield item.finding(UPHELD, clauses[aspect])
        elif aspect in decision.failed and not of_a_day:
            burst = next(burst for burst in bursts if item in burst.items)
            expected, observed = _contradiction(aspect, item, burst, limit, decision)
            yield item.finding(
                CONTRADICTED,
                clauses[aspect],
                expected=expected,
                observed=observed,
                unless=_explaining(contract, item),
                suspects=tuple(clauses[other] for other in decision.suspects),
            )
        else:
            reason, why = _why(aspect, bursts, decision, of_a_day=of_a_day, shared=shared)
            yield item.finding(UNDECIDED, clauses[aspect], observed=why, reason=reason)


def _evidence(aspect: str, bursts: Sequence[_Burst]) -> Judgement:
    """Return the exchange that shows most of an aspect."""
    if aspect == "enforced":
        fullest = max(bursts, key=lambda burst: burst.accepted)
        stops = fullest.with_reply(Reply.REFUSED, Reply.FAILED)
        return (stops or fullest.items)[-1]
    stops = tuple(item for burst in bursts[aspect == "recovers" :] for item in burst.with_reply(Reply.THROTTLED))
    return stops[0] if stops else bursts[-1].items[0]


def _contradiction(
    aspect: str, item: Judgement, burst: _Burst, limit: RateLimit, decision: Decision
) -> tuple[str, str]:
    """Return what was expected of a limited key, and what was seen instead."""
    window = f"{limit.window_s:g} s"
    is_counted = item.outcome in (ACCEPTED, THROTTLED)
    expected, observed = {
        "enforced": (
            f"429 after {limit.limit} messages in {window}",
            f"{burst.accepted} were accepted" if is_counted else str(item.status or item.outcome),
        ),
        "not_early": (f"{limit.limit} messages accepted in {window}", f"429 after {burst.accepted}"),
        "recovers": (f"accepted after a wait of {window}", "429"),
    }[aspect]
    if decision.unnamed:
        observed = f"contradicts the rules of the account: {observed}"
    for _, value in decision.blamed:
        if isinstance(value, Limiter | Scope):
            observed += f"; as if counted by {value}"
    return expected, observed


def _why(
    aspect: str, bursts: Sequence[_Burst], decision: Decision, *, of_a_day: bool, shared: bool
) -> tuple[ReasonCode, str]:
    """Return why an aspect is undecided."""
    if decision.undecidable:
        return ReasonCode.UNDECIDED, "too many different requests were sent at once"
    if decision.failed and of_a_day:
        return ReasonCode.UNDECIDED, "the 429 may be for the limit of a day"
    if aspect in decision.suspects:
        return ReasonCode.SUSPECT, f"this or the {decision.failed[0]} clause is broken"
    if decision.failed:
        return ReasonCode.DEPENDENCY, f"the answers contradict the {' and the '.join(decision.failed)} clause"
    if shared:
        return ReasonCode.UNDECIDED, "others may use the key"
    if sum(bool(burst.with_reply(Reply.THROTTLED)) for burst in bursts) < 2:
        return ReasonCode.UNDECIDED, "the limit was not reached twice"
    return ReasonCode.NOT_DISTINGUISHED, "a service that breaks it answers in the same way"


def _explaining(contract: Contract, item: Judgement) -> tuple[str, ...]:
    """Return the clauses that say better what is wrong with the answer at a limit: its 5xx, or its 2xx."""
    if item.outcome == SERVER_ERROR:
        return tuple(clause.id for clause in contract.with_check("no_server_error"))
    if item.outcome == REFUSED and item.status is not None and item.status // 100 == 2:
        statuses = contract.with_check("refusal_status")
        return tuple(clause.id for clause in statuses if clause.params.get("group") == "any")
    return ()


def _isolated(
    account: Account, judgements: Sequence[Judgement], bursts: Sequence[_Burst], clause: str
) -> Iterator[Finding]:
    """Say whether another key was held back right after this one was."""
    limited = {item.exchange.id for burst in bursts for item in burst.with_reply(Reply.THROTTLED)}
    for before, after in pairwise(judgements):
        is_other = account.keys.get(after.exchange.credential.key or "") == "active"
        if before.exchange.id in limited and is_other and not after.analysis.hard:
            kind = {ACCEPTED: UPHELD, THROTTLED: CONTRADICTED}.get(after.outcome, UNDECIDED)
            yield after.finding(kind, clause, expected="accepted", observed=after.outcome)
