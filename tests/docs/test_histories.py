"""The examples of `explanation/histories.md`: their numbers are those of the judge."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from sendproof.judge import worlds
from sendproof.judge.credits import Covers, CreditOutcome, Price, Spend
from sendproof.judge.verdicts import CONTRADICTED, UPHELD
from sendproof.judge.worlds import History
from tests.judge.support import failed_answer, line, line_answer, line_message, line_refusal
from tests.judge.test_credit_worlds import Charging, dimension, documented, story
from tests.judge.test_rate_worlds import Admits, bucket, by_recipient, clock, first_request, found

from .pages import PAGES

PAGE = PAGES["explanation/histories.md"]
STEPS = "MSSG"


def rows(title: str) -> dict[str, list[str]]:
    """Return the rows of the first table under a title, by their first cell."""
    lines = PAGE.partition(f"## {title}")[2].partition("\n## ")[0].splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {cells[0]: cells[1:] for cells in table[2:]}


CREDITS: dict[str, dict[str, Any]] = {
    "as documented": {},
    "an SMS takes 1": {"sms": Price(1)},
    "an MMS takes 4": {"mms": Price(4)},
    "more than the price must be there": {"covers": Covers.MORE},
    "an MMS takes 2": {"mms": Price(2)},
}


def history(changes: dict[str, Any]) -> History[Spend]:
    return story(replace(documented(7, "one pool"), **changes), STEPS)


@pytest.mark.parametrize("name", CREDITS)
def test_credits_of_the_example_are_what_a_service_leaves(name: str) -> None:
    charging = Charging(replace(documented(7, "one pool"), **CREDITS[name]))
    cells = []
    for group in history(CREDITS[name])[:3]:
        outcome = charging.spend(group.events[0]).outcome
        left = charging.left
        cells.append(f"accepted, {left} left" if outcome == CreditOutcome.ACCEPTED else "refused")
    together = sum(spend.outcome == CreditOutcome.ACCEPTED for spend in history(CREDITS[name])[3].events)
    assert rows("An example: credits")[name] == [*cells, f"{together} accepted" if together else "refused"]


def test_verdicts_on_the_credits_of_the_example_are_as_told() -> None:
    decisions = {
        name: worlds.decide(dimension(7, "one pool", history(changes)), history(changes))
        for name, changes in CREDITS.items()
    }
    assert decisions["an SMS takes 1"].failed == ("sms",)
    assert decisions["an MMS takes 4"] == decisions["more than the price must be there"]
    assert decisions["an MMS takes 4"].failed == ("boundary",)
    assert "mms" in decisions["an MMS takes 4"].suspects
    assert "mms" in decisions["as documented"].hidden
    assert decisions["an MMS takes 2"].failed == ()


RETRIES: dict[str, tuple[dict[str, Any], int, dict[str, Any], float, str | None]] = {
    "`msg_1`, with any status": (line_answer(1), 200, line_answer(1), 1.0, UPHELD),
    "a refusal, with or without the id, with a code of its own or none": (
        line_answer(1),
        409,
        {"message": "duplicate"},
        1.0,
        UPHELD,
    ),
    "a refusal with the code of an inactive sender": (line_answer(1), 400, line_refusal(33009), 1.0, CONTRADICTED),
    "`msg_2` within 30 s of the first answer": (line_answer(1), 201, line_answer(2), 29.0, CONTRADICTED),
    "`msg_2` after more than that": (line_answer(1), 201, line_answer(2), 31.0, None),
    "`msg_2`, where the first was `failed`": (failed_answer(1), 201, line_answer(2), 1.0, None),
}


@pytest.mark.parametrize("name", RETRIES)
def test_retry_of_the_example_shows_what_is_told(name: str) -> None:
    first, status, answer, after_s, kind = RETRIES[name]
    talk = line()
    message = line_message(idempotencyKey="retry-000001", to=first["to"])
    talk.say(message, 201, first)
    talk.time_s += after_s - 1
    talk.say(message, status, {**answer, "to": first["to"]} if "id" in answer else answer)
    kinds = {item.kind for item in talk.findings() if item.clause == "tl.idempotency.replay-same-id"}
    assert (kind in kinds) if kind else (not kinds & {UPHELD, CONTRADICTED})
    shown = rows("An example: retries")[name][0].partition(":")[0]
    assert shown == {"upheld": "the key is known", "contradicted": "broken", None: "nothing"}[kind]


def _limiters() -> dict[str, Admits]:
    return {
        "a window that the first request opens": first_request(3),
        # The scenario begins at 1000 s, 16 windows and 40 s after the clock's own start.
        "windows that follow the clock, one of which ends within the first burst": clock(3, 19.87),
        "4 in a window": first_request(4),
        "a bucket that refills one a second": bucket(1, 1.0),
        "a window of two minutes": first_request(3, 120.0),
        "each recipient has its own limit": by_recipient(3),
    }


@pytest.mark.parametrize("name", _limiters())
def test_verdict_on_a_rate_limit_of_the_example_is_as_told(name: str) -> None:
    failed = {aspect for aspect, item in found(3, _limiters()[name]).items() if item.kind == CONTRADICTED}
    told = rows("An example: rate limits")[name][-1]
    clauses = {"enforced": "enforced", "not-early": "not_early", "recovers": "recovers"}
    assert failed == {clauses[clause] for clause in re.findall(r"#tf\.rate_limits\.([a-z-]+)", told)}


@pytest.mark.parametrize("name", _limiters())
def test_bursts_of_the_example_are_what_a_limiter_lets_through(name: str) -> None:
    admits, told = _limiters()[name], rows("An example: rate limits")[name]
    at_s = 1000.05
    for cell in told[:2]:
        accepted = 0
        while admits(at_s, accepted % 2):
            accepted, at_s = accepted + 1, at_s + 0.05
        assert cell == (f"{accepted}, then 429" if accepted else "429")
        at_s += 61.3
