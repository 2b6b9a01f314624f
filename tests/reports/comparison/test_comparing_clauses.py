from __future__ import annotations

import pytest

from sendproof.errors import UsageError
from sendproof.reports.comparison.clause_changes import both_values
from sendproof.reports.comparison.compare import compare

from .support import OPEN, REQUIRED, clauses_changed, exchange, record, run

VERDICTS = ("pass", "fail", "observed", "inconclusive", "not_exercised", "not_applicable", "error")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_same_verdict_is_no_change(verdict: str) -> None:
    assert clauses_changed(record(verdict=verdict), record(verdict=verdict)) == []


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("pass", "fail", "regressed"),
        ("observed", "fail", "regressed"),
        ("fail", "pass", "fixed"),
        ("inconclusive", "fail", "fails_now"),
        ("not_exercised", "fail", "fails_now"),
        ("pass", "inconclusive", "lost_coverage"),
        ("pass", "not_exercised", "lost_coverage"),
        ("pass", "error", "lost_coverage"),
        ("pass", "not_applicable", "lost_coverage"),
        ("fail", "not_exercised", "lost_coverage"),
        ("observed", "inconclusive", "lost_coverage"),
        ("not_exercised", "pass", "gained_coverage"),
        ("not_applicable", "observed", "gained_coverage"),
        ("not_exercised", "error", "undecided_otherwise"),
    ],
)
def test_change_of_a_verdict_is_named(old: str, new: str, kind: str) -> None:
    assert clauses_changed(record(verdict=old), record(verdict=new)) == [kind]


@pytest.mark.parametrize("level", ["required", "recommended"])
@pytest.mark.parametrize(("old", "new"), [("pass", "fail"), ("pass", "not_exercised"), ("inconclusive", "fail")])
def test_regression_and_lost_coverage_exit_1(old: str, new: str, level: str) -> None:
    found = compare(run(record(verdict=old, level=level)), run(record(verdict=new, level=level)))
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [("fail", "pass", "required"), ("not_exercised", "pass", "required"), ("observed", "inconclusive", "open")],
)
def test_other_changes_exit_0(old: str, new: str, level: str) -> None:
    assert compare(run(record(verdict=old, level=level)), run(record(verdict=new, level=level))).exit_code == 0


def test_waiver_hides_no_regression_and_is_told() -> None:
    found = compare(run(record()), run(record(verdict="fail", waiver="known since May")))
    [change] = found.clauses
    assert (change.kind, change.notes, found.exit_code) == ("regressed", ("waived: known since May",), 1)


def test_new_and_retired_clauses_are_named_and_exit_0() -> None:
    found = compare(run(record("tf.auth.old")), run(record("tf.auth.new", "fail")))
    assert [(change.kind, change.record["id"]) for change in found.clauses] == [
        ("new_clause", "tf.auth.new"),
        ("retired_clause", "tf.auth.old"),
    ]
    assert found.exit_code == 0


@pytest.mark.parametrize("changes", [{"claim": "Another."}, {"level": "recommended"}], ids=["claim", "level"])
def test_clause_that_says_something_else_is_named(changes: dict[str, str]) -> None:
    [change] = compare(run(record()), run(record(**changes))).clauses
    [part] = changes
    assert (change.kind, change.notes) == ("redefined", (f"the clause is not the same: its {part} changed",))


def test_regression_of_a_redefined_clause_says_so() -> None:
    regressed, redefined = compare(run(record()), run(record(verdict="fail", claim="Another."))).clauses
    assert (regressed.kind, redefined.kind) == ("regressed", "redefined")
    assert regressed.notes == ("the clause is not the same: its claim changed",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "/data/messageId: 'msg_1700000000_abcdefgh1' was seen twice",
            "/data/messageId: 'msg_1800000000_x1y2z3a4b' was seen twice",
        ),
        ("asked at 2026-03-15T14:30:00Z", "asked at 2027-01-01T00:00:00.123Z"),
    ],
    ids=["id", "time"],
)
def test_failure_with_another_id_or_time_is_the_same(old: str, new: str) -> None:
    before, after = record("tf.unknown.clause", "fail", observed=old), record("tf.unknown.clause", "fail", observed=new)
    assert clauses_changed(before, after) == []


@pytest.mark.parametrize("identity", [REQUIRED, "tf.unknown.clause"], ids=["of the contract", "of none"])
def test_failure_with_another_status_fails_differently(identity: str) -> None:
    before, after = (
        record(identity, "fail", observed="accepted with 201"),
        record(identity, "fail", observed="refused with 503"),
    )
    assert clauses_changed(before, after) == ["fails_differently"]


def test_worst_change_comes_first() -> None:
    old = run(record("tf.a.fixed", "fail"), record("tf.b.lost"), record("tf.c.regressed"))
    new = run(record("tf.a.fixed"), record("tf.b.lost", "error"), record("tf.c.regressed", "fail"))
    assert [change.kind for change in compare(old, new).clauses] == ["regressed", "lost_coverage", "fixed"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("msg_<letters, digits>; msg_<letters>", "msg_<digits, letters>"),
        ("accepted: median below 0.01 s", "accepted: median below 0.1 s"),
        (
            "; ".join(f"/error/id {n}" for n in range(40001, 40006)),
            "; ".join(f"/error/id {n}" for n in range(50001, 50006)),
        ),
        ("refused; accepted", "accepted; refused"),
    ],
    ids=["classes of an id", "latency", "counter", "order"],
)
def test_observation_that_varies_by_run_is_no_change(old: str, new: str) -> None:
    one, other = both_values(old, new)
    assert one == other


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("401", "403"),
        ("accepted", "accepted; refused"),
        ("msg_<letters>", "sms_<letters>"),
        ("/error/code 33001", "/error/code 33002"),
        ("present", None),
    ],
)
def test_other_observation_is_named(old: str, new: str | None) -> None:
    before, after = record(OPEN, "observed", observation=old), record(OPEN, "observed", observation=new)
    assert clauses_changed(before, after) == ["observation_changed"]


def test_value_that_one_corpus_alone_shows_is_no_change() -> None:
    before, after = record(OPEN, "observed", observation="401"), record(OPEN, "observed", observation="401; 403")
    assert clauses_changed(before, after, corpus_sha256="c" * 64) == []


def test_value_that_a_shared_case_shows_is_named_with_another_corpus_too() -> None:
    before, after = record(OPEN, "observed", observation="401"), record(OPEN, "observed", observation="401; 403")
    old = run(before, exchanges=[exchange("credentials.missing", 401)])
    new = run(after, exchanges=[exchange("credentials.missing", 403)], corpus_sha256="c" * 64)
    assert [change.kind for change in compare(old, new).clauses] == ["observation_changed"]


def test_two_providers_are_sent_to_the_matrix() -> None:
    with pytest.raises(UsageError, match=r"^compare: expected two runs of one provider, got .*`sendproof matrix`"):
        compare(run(), run(provider="text\x1bingline"))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"contract_sha256": "c" * 64}, "contract"),
        ({"corpus_sha256": ""}, "corpus"),
        ({"seed": 7}, "seed"),
        ({"kind": "live"}, "kind"),
        ({"base_url": "https://staging.example"}, "base URL"),
        ({"base_url": "http://[bad"}, "base URL"),
        ({"version": "0.2.0"}, "sendproof"),
        ({"complete": False}, "completeness"),
        ({"exchanges": None}, "exchanges"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_runs_that_are_not_alike_are_told(changes: dict[str, object], name: str) -> None:
    assert name in [item.name for item in compare(run(), run(**changes)).differences]  # type: ignore[arg-type]  # the facts of a run


def test_another_port_of_a_mock_is_no_difference() -> None:
    assert compare(run(), run(base_url="http://127.0.0.1:9999")).differences == ()


def test_runs_in_the_wrong_order_are_told() -> None:
    later = run(started=run().started.replace(year=2027))
    assert [item.name for item in compare(later, run()).differences] == ["order"]


def test_provider_that_is_not_known_is_compared() -> None:
    stranger = "../elsewhere\x00"
    old, new = (
        run(record(verdict="fail"), provider=stranger),
        run(record(verdict="fail", observed="500"), provider=stranger),
    )
    assert [change.kind for change in compare(old, new).clauses] == ["fails_differently"]
