"""Each planned sequence, served by each rival: what no permitted world explains is red; and accounts that run dry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sendproof.contract.model import load_contract
from sendproof.conversation import scenarios
from sendproof.conversation.balances_and_limits import AT_ONCE, FAULTY, LONG, MMS, RETRY, credit_sequence
from sendproof.exchange import Exchange
from sendproof.judge import credits, worlds
from sendproof.judge.credits import ALL, FREE, Covers, CreditOutcome, CreditWorld, MessageKind, Price, Purse, Spend
from sendproof.judge.history import judge
from sendproof.judge.texts_and_numbers import segments
from sendproof.judge.verdicts import CONTRADICTED, UNDECIDED, UPHELD, Finding, ReasonCode, RunFacts, verdicts
from sendproof.judge.worlds import Decision, Dimension, Group, History, Row
from tests.judge.service import Answer, Service, account
from tests.judge.support import ACCOUNT, LINE, Talk, line, line_answer, line_message, line_refusal

CLAUSES = {clause.params["aspect"]: clause.id for clause in LINE.with_check("spending")}
BALANCES = (*range(2, 21), 100)
# What a profile tells of MMS: that they are paid from the same credits; nothing; that 3 credits are kept for them.
POOLS: Mapping[str, Mapping[str, int | None]] = {
    "one pool": {"metered": None},
    "untold": {},
    "3 apart": {"metered": 3},
}
# As good as endless, of a balance for MMS that is unknown.
MANY = 1000
AT_ONCE_COUNT = 4


class Charging:
    """A service that charges as a world has it."""

    def __init__(self, world: CreditWorld) -> None:
        self._world = replace(world, apart=MANY) if world.apart is None and world.mms.apart else world
        self._purse = Purse(self._world.credits, self._world.apart)

    @property
    def left(self) -> int | None:
        """The credits that are left."""
        return self._purse.credits

    def spend(self, spend: Spend, *, first: bool = True) -> Spend:
        """Return a message with what becomes of it: of one that has no fault, and is no retry, the balance decides."""
        if spend.outcome == CreditOutcome.FAULTY or spend.is_retry:
            self._purse = next(credits.step(self._world, self._purse, spend, first))
            return spend
        tried = (spend._replace(outcome=outcome) for outcome in (CreditOutcome.ACCEPTED, CreditOutcome.SHORT))
        after = ((one, purse) for one in tried for purse in credits.step(self._world, self._purse, one, first))
        made, self._purse = next(after)
        return made


def story(world: CreditWorld, steps: str) -> History[Spend]:
    """Return what comes of the steps of a sequence."""
    service = Charging(world)
    groups: list[tuple[Spend, ...]] = []
    last = Spend(MessageKind.SMS, CreditOutcome.SHORT)
    for step in steps:
        if step == AT_ONCE:
            asked = Spend(MessageKind.SMS, CreditOutcome.ACCEPTED)
            groups.append(tuple(service.spend(asked, first=number == 0) for number in range(AT_ONCE_COUNT)))
        elif step == FAULTY:
            groups.append((service.spend(Spend(MessageKind.SMS, CreditOutcome.FAULTY)),))
        else:
            if step != RETRY:
                last = Spend(
                    MessageKind.MMS if step == MMS else MessageKind.SMS, CreditOutcome.SHORT, 3 if step == LONG else 1
                )
            last = service.spend(last._replace(is_retry=step == RETRY and last.outcome == CreditOutcome.ACCEPTED))
            groups.append((last,))
    return tuple(Group(events=group, after=(frozenset(),) * len(group)) for group in groups)


def planned(balance: int, pool: str) -> str:
    kept = POOLS[pool]
    one_pool = "metered" in kept and kept["metered"] is None
    return credit_sequence(balance, is_one_pool=one_pool, mms=kept.get("metered"))


def documented(balance: int, pool: str) -> CreditWorld:
    return CreditWorld(credits=balance, sms=Price(2), mms=Price(3), apart=POOLS[pool].get("metered"))


def dimension(balance: int, pool: str, history: History[Spend]) -> Dimension[Spend, Purse, CreditWorld]:
    return credits.metered_dimension(documented(balance, pool), history, one_pool=pool == "one pool")


def decided(world: CreditWorld, balance: int, pool: str) -> Decision:
    """Return what is made of a service that charges as a world has it."""
    history = story(world, planned(balance, pool))
    return worlds.decide(dimension(balance, pool, history), history)


def known(balance: int, pool: str) -> Dimension[Spend, Purse, CreditWorld]:
    """Return a dimension with all that the steps of a sequence could show."""
    return dimension(balance, pool, story(documented(balance, pool), "LrfMG"))


def rivals(balance: int, pool: str) -> Iterator[tuple[Row, Any, CreditWorld]]:
    """Yield the services that charge what is wrong in one way, and refusals nothing."""
    table = known(balance, pool)
    for row in table.rows:
        for value in row.rivals if row.aspect else ():
            for world in worlds.worlds(table, {row.name: (value,)}):
                if world.refused == FREE:
                    yield row, value, world


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("balance", BALANCES)
def test_service_that_charges_as_documented_is_never_blamed(balance: int, pool: str) -> None:
    for world in worlds.permitted_worlds(known(balance, pool)):
        assert decided(world, balance, pool).failed == (), world


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("balance", BALANCES)
def test_service_that_charges_otherwise_is_suspected_or_said_to_be_like_a_right_one(balance: int, pool: str) -> None:
    for row, value, world in rivals(balance, pool):
        history = story(world, planned(balance, pool))
        shown = next(one.rivals for one in dimension(balance, pool, history).rows if one.name == row.name)
        if value not in shown:
            continue
        decision = decided(world, balance, pool)
        assert row.aspect in (*decision.failed, *decision.suspects, *decision.hidden), (row.name, value)
        assert not decision.unnamed


@pytest.mark.parametrize("balance", [7, 10, 12, 14, 20, 100])
def test_balance_of_one_pool_leaves_no_wrong_value_hidden(balance: int) -> None:
    decision = {
        (row.name, value): decided(world, balance, "one pool") for row, value, world in rivals(balance, "one pool")
    }
    assert [name for name, decision in decision.items() if not decision.failed] == []
    right = decided(documented(balance, "one pool"), balance, "one pool")
    assert set(right.upheld) == set(CLAUSES)


# A balance that is unknown whether MMS are paid from it: what such a run cannot tell is little but their price.
@pytest.mark.parametrize(
    ("balance", "boundary"), [(9, Covers.MORE), (8, Covers.ANY), (14, Covers.ANY), (19, Covers.MORE)]
)
def test_untold_balance_hides_the_price_of_an_mms_and_half_of_the_boundary(balance: int, boundary: Covers) -> None:
    hidden = {
        (row.name, value)
        for row, value, world in rivals(balance, "untold")
        if not decided(world, balance, "untold").failed and world.mms.apart == 0
    }
    assert {value for name, value in hidden if name not in ("mms", "covers")} == set()
    assert {value for name, value in hidden if name == "covers"} <= {boundary, Covers.RACE}


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("covers", Covers.RACE),
        ("covers", Covers.MORE),
        ("covers", Covers.ANY),
        ("covers", Covers.ALWAYS),
        ("sms", Price(1)),
        ("sms", Price(0, per_segment=2)),
        ("mms", Price(2)),
        ("retry", ALL),
    ],
    ids=str,
)
def test_wrong_value_is_blamed_by_its_own_clause_at_the_balance_of_the_mock(row: str, value: Any) -> None:
    aspect = next(item.aspect for item in known(14, "one pool").rows if item.name == row)
    changes: dict[str, Any] = {row: value}
    assert decided(replace(documented(14, "one pool"), **changes), 14, "one pool").failed == (aspect,)


def asked(world: CreditWorld, pool: str) -> list[Exchange]:
    """Return the scenario of a metered key, asked of a service that charges as a world has it."""
    charging, sent, number = Charging(world), dict[str, int](), 0

    def answer(key: str, message: dict[str, Any], at_s: float, first: bool) -> Answer:
        nonlocal number
        number += 1
        nonce = message.get("idempotencyKey", "")
        if not {"body", "mediaUrl"} & set(message):
            charging.spend(Spend(MessageKind.SMS, CreditOutcome.FAULTY))
            return 400, line_refusal()
        kind = MessageKind.MMS if "mediaUrl" in message else MessageKind.SMS
        length = 1 if kind == MessageKind.MMS else segments(message["body"])
        made = Spend(kind, CreditOutcome.ACCEPTED, length, is_retry=nonce in sent)
        if key == "metered" and charging.spend(made, first=first).outcome == CreditOutcome.SHORT:
            return 402, line_refusal(33023)
        return 201, line_answer(sent.setdefault(nonce or f"{number}", number), body=message.get("body", ...))

    service = Service(LINE, answer)
    service.ask(scenarios.message(LINE.provider, "main"))
    assert world.credits is not None
    scenarios.spend_balance(LINE.provider, service, "metered", planned(world.credits, pool))
    return service.exchanges


def found(world: CreditWorld, pool: str, **facts: Any) -> dict[str, Finding]:
    """Return the finding of each aspect of the credits."""
    about = account(balances={"metered": world.credits}, mms_balances=POOLS[pool], **facts)
    aspects = {clause: aspect for aspect, clause in CLAUSES.items()}
    findings = judge(LINE, about, asked(world, pool)).findings
    return {aspects[item.clause]: item for item in findings if item.clause in aspects}


def test_asked_scenario_upholds_every_clause_of_a_right_service() -> None:
    seen = found(documented(14, "one pool"), "one pool")
    assert {aspect for aspect, item in seen.items() if item.kind == UPHELD} == set(CLAUSES)


def test_price_for_each_segment_is_red_under_the_price_of_an_sms() -> None:
    seen = found(replace(documented(14, "one pool"), sms=Price(0, per_segment=2)), "one pool")
    assert {aspect for aspect, item in seen.items() if item.kind == CONTRADICTED} == {"sms"}
    assert "as if sms were 2 a segment" in seen["sms"].observed


def test_credits_of_their_own_for_mms_of_which_nothing_is_known_are_no_wrong_price() -> None:
    seen = found(replace(documented(7, "untold"), mms=Price(2, apart=1)), "untold")
    assert {aspect for aspect, item in seen.items() if item.kind == CONTRADICTED} == set()
    assert seen["mms"].reason == ReasonCode.NOT_DISTINGUISHED
    assert seen["sms"].kind == UPHELD


def test_suspects_of_a_failure_are_named_and_undecided() -> None:
    seen = found(replace(documented(14, "one pool"), mms=Price(4)), "one pool")
    [failed] = [item for item in seen.values() if item.kind == CONTRADICTED]
    suspects = {CLAUSES[aspect] for aspect, item in seen.items() if item.reason == ReasonCode.SUSPECT}
    assert suspects == set(failed.suspects) == {CLAUSES["mms"]}


def test_two_wrong_values_at_once_are_red() -> None:
    seen = found(replace(documented(14, "one pool"), sms=Price(0, per_segment=2), mms=Price(2)), "one pool")
    assert {aspect for aspect, item in seen.items() if item.kind == CONTRADICTED} == {"sms", "mms"}


def test_key_that_others_use_too_decides_nothing_that_they_could_explain() -> None:
    seen = found(replace(documented(14, "one pool"), sms=Price(3)), "one pool", exclusive={"metered": False})
    assert {item.kind for item in seen.values()} <= {UNDECIDED, UPHELD}
    seen = found(replace(documented(14, "one pool"), covers=Covers.ALWAYS), "one pool", exclusive={"metered": False})
    assert any(item.kind == CONTRADICTED for item in seen.values())


@pytest.mark.parametrize("code", [33019, 33032])
def test_another_code_for_too_few_credits_is_red_under_its_own_clause(code: int) -> None:
    world = documented(14, "one pool")
    exchanges = [
        replace(item, response=replace(item.response, body=item.response.body.replace(b"33023", b"%d" % code)))
        for item in asked(world, "one pool")
        if item.response
    ]
    about = account(balances={"metered": 14}, mms_balances=POOLS["one pool"])
    against = (item for item in judge(LINE, about, exchanges).findings if item.kind == CONTRADICTED)
    # What another contradiction explains is none of its own.
    assert {item.clause for item in against if not item.unless} == {"tl.errors.code-credits"}


MEDIA = {"mediaUrl": "https://example.com/images/promo.jpg"}


def talked(*story: str, elapsed_s: float = 0.01) -> Talk:
    """Return what was said: "S" and "M" are accepted, "s" and "m" refused for too few credits."""
    talk = line()
    for number, step in enumerate(story):
        message = line_message(**(MEDIA if step in "mM" else {}))
        answer = line_answer(number) if step.isupper() else line_refusal(33023)
        talk.say(message, 201 if step.isupper() else 402, answer, elapsed_s=elapsed_s)
    return talk


@pytest.mark.parametrize(
    "story",
    ["SmS", "Smss", "SMmSSSmS", "Sss", "SssSS", "SsS", "SmMM"],
    ids=str,
)
def test_account_that_runs_dry_and_is_filled_up_once_is_not_blamed(story: str) -> None:
    talk = talked(*story)
    assert talk.of(CONTRADICTED) == set()
    dry = {finding.clause for finding in talk.findings() if finding.reason == ReasonCode.ACCOUNT_DRY}
    assert "tl.requests.valid-accepted" in dry


def test_two_messages_that_race_for_the_last_credits_are_not_blamed() -> None:
    talk = talked("S", "s", "S", "s", elapsed_s=1.5)
    assert talk.of(CONTRADICTED) == set()


@pytest.mark.parametrize("story", ["SsSsS", "sSsS", "mMmM", "SsMsM"], ids=str)
def test_same_request_refused_and_accepted_in_turn_is_red(story: str) -> None:
    assert talked(*story).of(CONTRADICTED)


def test_dry_account_is_the_reason_of_what_was_never_accepted() -> None:
    talk = talked("S", "m", "s")
    found = verdicts(load_contract("textingline"), judge(talk.contract, ACCOUNT, talk.exchanges), RunFacts())
    asked = [item for item in found if item.clause.params.get("feature") == "media" and item.exercised]
    media = {(item.verdict, item.reason) for item in asked}
    assert media == {("inconclusive", ReasonCode.ACCOUNT_DRY)}


def test_undecided_refusals_of_an_empty_account_uphold_nothing() -> None:
    talk = talked("S", "m")
    assert "tl.requests.valid-accepted" in talk.of(UNDECIDED)
