"""What only several exchanges show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof.exchange import Credential
from sendproof.judge.history import judge
from sendproof.judge.verdicts import CONTRADICTED, UPHELD
from tests.judge.support import (
    ACCOUNT,
    RECIPIENT,
    Talk,
    flow,
    flow_answer,
    flow_message,
    flow_refusal,
    line,
    line_answer,
    line_message,
    line_refusal,
)

MEDIA = {"mediaUrl": "https://example.com/images/promo.jpg"}
METERED, LIMITED = Credential(key="metered"), Credential(key="rate_limited")
REPLAYS = {f"tl.idempotency.{name}" for name in ("replay-same-id", "concurrent-same-id", "distinct-keys")}


@pytest.mark.parametrize(("last", "failing"), [("b", {"tl.idempotency.distinct-keys"}), ("_", set())])
def test_key_like_another_may_be_refused_for_its_signs_only(last: str, failing: set[str]) -> None:
    talk, stem = line(), "k" * 30
    talk.say(line_message(), 201, line_answer(1))
    talk.say(line_message(idempotencyKey=f"{stem}a"), 201, line_answer(2))
    talk.say(line_message(idempotencyKey=f"{stem}{last}"), 409, line_refusal(33005))
    assert talk.of(CONTRADICTED) == failing


def test_id_of_another_message_contradicts_uniqueness() -> None:
    talk = flow()
    talk.say(flow_message(), 200, flow_answer(1))
    assert talk.of(CONTRADICTED) == set()
    talk.say(flow_message(message="two"), 200, flow_answer(1))
    assert talk.of(CONTRADICTED) == {"tf.responses.message-id-unique"}


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, line_answer(1), UPHELD),
        (201, line_answer(1), UPHELD),
        (409, {"error": {"code": 1, "original": "msg_1"}}, UPHELD),
        (201, line_answer(2), CONTRADICTED),
        (409, line_refusal(), UPHELD),
        (400, {"message": "duplicate"}, UPHELD),
        (409, line_refusal(33004), CONTRADICTED),
    ],
    ids=str,
)
def test_replay_gives_the_first_id_with_any_status(status: int, answer: object, kind: str) -> None:
    talk = line()
    talk.say(line_message(idempotencyKey="retry-000001"), 201, line_answer(1))
    talk.say(line_message(idempotencyKey="retry-000001"), status, answer)
    assert "tl.idempotency.replay-same-id" in talk.of(kind)
    assert talk.of(CONTRADICTED) <= {"tl.idempotency.replay-same-id"}


def test_retries_at_once_are_one_message() -> None:
    talk = line()
    message = line_message(idempotencyKey="at-once-0001")
    for number in (1, 1, 1):
        talk.say(message, 201, line_answer(number), elapsed_s=5)
    assert "tl.idempotency.concurrent-same-id" in talk.of(UPHELD)
    talk.say(message, 201, line_answer(2))
    assert talk.of(CONTRADICTED) == {"tl.idempotency.concurrent-same-id"}


def test_conflict_of_retries_at_once_is_permitted_if_one_message_is_sent() -> None:
    talk = line()
    message = line_message(idempotencyKey="at-once-0001")
    talk.say(message, 201, line_answer(1), elapsed_s=5)
    talk.say(message, 409, line_refusal(), elapsed_s=0.1)
    talk.say(message, 200, line_answer(1))
    assert talk.of(CONTRADICTED) == set()
    assert "tl.idempotency.concurrent-same-id" in talk.of(UPHELD)


def test_keys_that_differ_at_their_end_are_two_messages() -> None:
    talk = line()
    stem = "k" * 35
    talk.say(line_message(idempotencyKey=stem + "a"), 201, line_answer(1))
    talk.say(line_message(idempotencyKey=stem + "b"), 201, line_answer(1))
    assert talk.of(CONTRADICTED) == {"tl.idempotency.distinct-keys"}


@pytest.mark.parametrize(
    ("answer", "status", "seen"),
    [
        (line_answer(1), 200, "the first message"),
        (line_answer(2), 201, "another message"),
        (line_refusal(), 409, "refused 409"),
    ],
    ids=str,
)
def test_same_key_with_another_message_is_open(answer: dict[str, object], status: int, seen: str) -> None:
    talk = line()
    talk.say(line_message(idempotencyKey="retry-000001"), 201, line_answer(1))
    other = {**answer, "body": "other"} if status == 201 else answer
    talk.say(line_message(idempotencyKey="retry-000001", body="other"), status, other)
    assert talk.values("tl.idempotency.other-payload") == {seen}
    assert not REPLAYS & talk.of(CONTRADICTED)


def _spend(talk: Talk, *story: tuple[str, bool]) -> None:
    for number, (kind, is_accepted) in enumerate(story):
        message = line_message(**(MEDIA if kind == "mms" else {}))
        answer = line_answer(number) if is_accepted else line_refusal(33023)
        talk.say(message, 201 if is_accepted else 402, answer, credential=METERED)


RIGHT = (("mms", True), ("sms", True), ("mms", False), ("sms", True), ("sms", False))


def test_idempotency_key_of_any_type_on_a_metered_key_never_raises() -> None:
    talk = line()
    talk.say(line_message(idempotencyKey=["a"]), 201, line_answer(), credential=METERED)
    assert talk.of(CONTRADICTED) == {"tl.requests.idempotency-key-type"}


def test_right_spending_upholds_prices_and_boundary() -> None:
    talk = line()
    _spend(talk, *RIGHT)
    assert {f"tl.credits.{name}" for name in ("sms-price", "mms-price", "boundary")} <= talk.of(UPHELD)
    assert talk.of(CONTRADICTED) == set()


def _priced(sms: int, mms: int) -> tuple[tuple[str, bool], ...]:
    left, story = 7, []
    for kind, _ in RIGHT:
        price = sms if kind == "sms" else mms
        story.append((kind, price <= left))
        left -= price if price <= left else 0
    return tuple(story)


@pytest.mark.parametrize(
    ("sms", "mms", "clause"), [(1, 3, "sms"), (3, 3, "sms"), (2, 2, "mms"), (2, 4, "mms"), (2, 1, "mms")]
)
def test_wrong_price_is_contradicted_or_suspected(sms: int, mms: int, clause: str) -> None:
    talk = line()
    for _ in range(3):
        talk.say(line_message(body=...), 400, line_refusal(), credential=METERED)
    _spend(talk, *_priced(sms, mms))
    [failure] = [finding for finding in talk.findings() if finding.kind == CONTRADICTED]
    assert f"tl.credits.{clause}-price" in (failure.clause, *failure.suspects)


@pytest.mark.parametrize("probed", [False, True])
def test_charge_of_refused_messages_is_not_said(probed: bool) -> None:
    talk, charge = line(), 1
    left = 7
    for _ in range(3 if probed else 0):
        talk.say(line_message(body=...), 400, line_refusal(), credential=METERED)
        left -= charge
    story = []
    for kind, _ in RIGHT:
        price = {"sms": 2, "mms": 3}[kind]
        story.append((kind, price <= left))
        left -= price if price <= left else charge
    _spend(talk, *story)
    assert talk.of(CONTRADICTED) == set()


def test_overdraft_contradicts_the_boundary() -> None:
    talk = line()
    _spend(talk, *RIGHT[:-1], ("sms", True))
    assert talk.of(CONTRADICTED) & {"tl.credits.boundary", "tl.credits.sms-price"}


def _burst(talk: Talk, accepted: int, *, status: int = 429, pause_s: float = 61) -> None:
    talk.time_s += pause_s
    for _ in range(accepted):
        talk.say(flow_message(), 200, flow_answer(len(talk.exchanges)), credential=LIMITED)
        talk.time_s -= 0.9
    talk.say(flow_message(), status, flow_refusal(), credential=LIMITED)


def test_limit_that_is_kept_upholds_all_of_it() -> None:
    talk = flow()
    _burst(talk, 2)
    talk.say(flow_message(), 200, flow_answer(99))
    _burst(talk, 2)
    _burst(talk, 2)
    names = ("enforced", "not-early", "recovers", "envelope", "other-keys")
    assert {f"tf.rate_limits.{name}" for name in names} <= talk.of(UPHELD)
    assert talk.of(CONTRADICTED) == set()


@pytest.mark.parametrize(
    ("counts", "clauses"),
    [
        ((3, 3), {"enforced"}),
        ((5, 2), {"enforced", "recovers"}),
        ((1, 1), {"not-early"}),
        ((2, 0), {"recovers"}),
        ((3, 2), set()),
        ((1, 2), set()),
    ],
    ids=lambda item: "+".join(sorted(item)) if isinstance(item, set) else str(item),
)
def test_limit_that_is_broken_contradicts_its_aspect(counts: tuple[int, int], clauses: set[str]) -> None:
    talk = flow()
    for count in counts:
        _burst(talk, count)
    assert talk.of(CONTRADICTED) == {f"tf.rate_limits.{name}" for name in clauses}


def test_limit_answered_with_another_status_contradicts_it() -> None:
    talk = flow()
    _burst(talk, 2)
    _burst(talk, 2, status=403)
    assert talk.of(CONTRADICTED) == {"tf.rate_limits.enforced"}


def test_limit_that_stops_another_key_is_recommended_against() -> None:
    talk = flow()
    _burst(talk, 2)
    talk.say(flow_message(), 429, flow_refusal())
    assert talk.of(CONTRADICTED) == {"tf.rate_limits.other-keys"}


@given(
    st.binary(max_size=60),
    st.integers(100, 599),
    st.binary(max_size=60),
    st.sampled_from(["application/json", "", "text/html"]),
)
def test_judge_never_raises_for_what_a_target_answers(body: bytes, status: int, answer: bytes, media_type: str) -> None:
    for talk in (line(), flow()):
        talk.say(body, status, answer, media_type=media_type)
        judge(talk.contract, ACCOUNT, talk.exchanges)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(RECIPIENT),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["to", "id", "data", "status", "error"]), inner)
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from([200, 201, 400, 429, 500]))
def test_judge_never_raises_for_any_json(answer: object, status: int) -> None:
    for talk, message in ((line(), line_message()), (flow(), flow_message())):
        talk.say(message, status, answer)
        judge(talk.contract, ACCOUNT, talk.exchanges)
