"""The rate limit scenario, served by each rival at each of some limits, and by each permitted limiter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sendproof.account import RateLimit
from sendproof.conversation import scenarios
from sendproof.conversation.balances_and_limits import rate_rounds
from sendproof.judge.history import judge
from sendproof.judge.rate_windows import UNLIMITED
from sendproof.judge.verdicts import CONTRADICTED, UNDECIDED, UPHELD, Finding
from tests.judge.service import Answer, Service, account
from tests.judge.support import FLOW, flow_answer, flow_refusal

LIMITS = (1, 2, 3, 5, 10, 11, 30, 100)
WINDOW_S = 60.0
ASPECTS = {clause.id: clause.params["aspect"] for clause in FLOW.with_check("rate_limit")}
Admits = Callable[[float, int], bool]
"""Whether a request at a moment, for a recipient, passes."""


def first_request(limit: int, window_s: float = WINDOW_S) -> Admits:
    """A window that the first request opens."""
    state = {"opened_s": -1e9, "count": 0}

    def admits(at_s: float, recipient: int) -> bool:
        if at_s >= state["opened_s"] + window_s:
            state.update(opened_s=at_s, count=0)
        state["count"] += 1
        return state["count"] <= limit

    return admits


def clock(limit: int, phase_s: float = 0.0) -> Admits:
    """Windows that follow the clock."""
    counts: dict[int, int] = {}

    def admits(at_s: float, recipient: int) -> bool:
        window = int((at_s + phase_s) // WINDOW_S)
        counts[window] = counts.get(window, 0) + 1
        return counts[window] <= limit

    return admits


def sliding(limit: int, *, counts_refused: bool = False) -> Admits:
    """Any window."""
    times: list[float] = []

    def admits(at_s: float, recipient: int) -> bool:
        passes = sum(at_s - one_s < WINDOW_S for one_s in times) < limit
        times.extend([at_s] if passes or counts_refused else [])
        return passes

    return admits


def bucket(capacity: int, per_s: float) -> Admits:
    """A bucket that refills evenly."""
    state = {"level": float(capacity), "at_s": 0.0}

    def admits(at_s: float, recipient: int) -> bool:
        level = min(capacity, state["level"] + per_s * (at_s - state["at_s"]))
        state.update(level=level - (level >= 1), at_s=at_s)
        return level >= 1

    return admits


def locking(limit: int) -> Admits:
    """A window that each refusal doubles."""
    inner, until = first_request(limit), [0.0]

    def admits(at_s: float, recipient: int) -> bool:
        passes = at_s >= until[0] and inner(at_s, recipient)
        until[0] = until[0] if passes or at_s < until[0] else at_s + 2 * WINDOW_S
        return passes

    return admits


def by_recipient(limit: int) -> Admits:
    """A window for each recipient."""
    windows: dict[int, Admits] = {}

    def admits(at_s: float, recipient: int) -> bool:
        return windows.setdefault(recipient, first_request(limit))(at_s, recipient)

    return admits


def never(number: int) -> bool:
    return False


def found(
    limit: int,
    admits: Admits,
    *,
    most: int = 10_000,
    status: int = 429,
    fails: Callable[[int], bool] = never,
    **facts: Any,
) -> dict[str, Finding]:
    """Return the finding of each aspect that is not upheld throughout: the worst of each."""
    asked = 0

    def answer(key: str, message: dict[str, Any], at_s: float, first: bool) -> Answer:
        nonlocal asked
        asked += 1
        if key == "rate_limited":
            passes = admits(at_s, hash(message["to"]))
            if fails(asked):
                return 500, {**flow_refusal("Failed to send message"), "details": "later"}
            if not passes:
                return status, flow_refusal("Too many requests")
        return 200, flow_answer(asked, to=message["to"])

    service = Service(FLOW, answer)
    service.ask(scenarios.message(FLOW.provider, "main"))
    limits = {"rate_limited": RateLimit(limit=limit, window_s=WINDOW_S)}
    rounds = rate_rounds(limit, most)
    scenarios.reach_limit(FLOW.provider, service, "rate_limited", limits["rate_limited"], rounds, most)
    findings = judge(FLOW, account(rate_limits=limits, **facts), service.exchanges).findings
    return {ASPECTS[item.clause]: item for item in findings if ASPECTS.get(item.clause, "isolated") != "isolated"}


def permitted(limit: int) -> Iterator[Admits]:
    yield first_request(limit)
    yield from (clock(limit, phase_s) for phase_s in (0.0, 19.9, 20.1, 45.0))
    yield sliding(limit)
    yield sliding(limit, counts_refused=True)
    yield bucket(limit, limit / WINDOW_S)


@pytest.mark.parametrize("limit", LIMITS)
def test_limiter_that_is_permitted_is_never_blamed(limit: int) -> None:
    for admits in permitted(limit):
        assert {item.kind for item in found(limit, admits).values()} <= {UPHELD, UNDECIDED}


@pytest.mark.parametrize("limit", LIMITS)
def test_limiter_of_the_usual_kind_upholds_every_clause(limit: int) -> None:
    seen = found(limit, first_request(limit))
    assert {aspect: item.kind for aspect, item in seen.items()} == dict.fromkeys(
        ("enforced", "not_early", "recovers"), UPHELD
    )


RIVALS: dict[str, tuple[Callable[[int], Admits], str, int]] = {
    "one late": (lambda limit: first_request(limit + 1), "enforced", 1),
    "twice the limit": (lambda limit: first_request(2 * limit), "enforced", 1),
    "no limit": (lambda limit: first_request(UNLIMITED), "enforced", 1),
    "by recipient": (by_recipient, "enforced", 1),
    "one early": (lambda limit: first_request(limit - 1), "not_early", 2),
    "half the limit": (lambda limit: first_request(limit // 2), "not_early", 2),
    "one a second": (lambda limit: bucket(1, 1.0), "not_early", 2),
    "a window twice as long": (lambda limit: first_request(limit, 2 * WINDOW_S), "recovers", 1),
    "for ever": (lambda limit: first_request(limit, 1e9), "recovers", 1),
    "locked out by a refusal": (locking, "recovers", 1),
}


@pytest.mark.parametrize(
    ("limit", "rival"),
    # A limit of one cannot be reached early.
    [(limit, rival) for limit in LIMITS for rival, (_, _, least) in RIVALS.items() if limit >= least],
)
def test_limiter_that_is_wrong_is_blamed_by_its_own_clause(limit: int, rival: str) -> None:
    made, aspect, _ = RIVALS[rival]
    seen = found(limit, made(limit))
    assert {name for name, item in seen.items() if item.kind == CONTRADICTED} == {aspect}


def test_bucket_that_refills_one_a_second_is_named() -> None:
    assert "a bucket that refills one a second" in found(5, bucket(1, 1.0))["not_early"].observed


@pytest.mark.parametrize("status", [400, 403, 503])
def test_limit_that_is_answered_otherwise_is_not_enforced(status: int) -> None:
    seen = found(3, first_request(3), status=status)
    assert {name for name, item in seen.items() if item.kind == CONTRADICTED} == {"enforced"}


@pytest.mark.parametrize("number", range(2, 8))
def test_one_documented_failure_in_a_burst_contradicts_nothing(number: int) -> None:
    seen = found(5, first_request(5), fails=lambda asked: asked == number)
    assert {item.kind for item in seen.values()} <= {UPHELD, UNDECIDED}


def test_key_that_others_use_too_is_not_limited_early() -> None:
    seen = found(5, first_request(3), exclusive={"rate_limited": False})
    assert {item.kind for item in seen.values()} <= {UPHELD, UNDECIDED}
    seen = found(5, first_request(UNLIMITED), exclusive={"rate_limited": False})
    assert seen["enforced"].kind == CONTRADICTED


@pytest.mark.parametrize("status", [400, 429])
def test_limit_of_a_second_that_no_document_names_leaves_the_limit_decided(status: int) -> None:
    """Three in a second, then a refusal: the burst is asked again, more slowly."""
    times: list[float] = []
    asked = 0

    def answer(key: str, message: dict[str, Any], at_s: float, first: bool) -> Answer:
        nonlocal asked
        asked += 1
        recent = sum(at_s - one_s < 1.0 for one_s in times)
        if key == "rate_limited" and recent >= 3:
            return status, flow_refusal("Not so fast")
        if key == "rate_limited":
            if not limit(at_s, 0):
                return 429, flow_refusal("Too many requests")
            times.append(at_s)
        return 200, flow_answer(asked, to=message["to"])

    limit = sliding(5)
    service = Service(FLOW, answer)
    service.ask(scenarios.message(FLOW.provider, "main"))
    limits = {"rate_limited": RateLimit(limit=5, window_s=WINDOW_S)}
    scenarios.reach_limit(FLOW.provider, service, "rate_limited", limits["rate_limited"], rate_rounds(5, 100), 100)
    findings = judge(FLOW, account(rate_limits=limits), service.exchanges).findings
    seen = {ASPECTS[item.clause]: item.kind for item in findings if item.clause in ASPECTS}
    assert set(seen.values()) == {UPHELD}
