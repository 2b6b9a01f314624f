from __future__ import annotations

from typing import Any

import pytest

from sendproof.reports.matrix.rows import differences

from .support import failed, observed, record, row_of, saved, table_of, textflow, textingline

KEPT = record("tf.auth.missing-key")
BROKEN = failed("tf.auth.missing-key")
ASKED_NOT = record("tf.auth.missing-key", "not_exercised", reason="budget")
UNSURE = record("tf.auth.missing-key", "inconclusive", reason="throttled")


@pytest.mark.parametrize(
    ("one", "other", "kinds"),
    [
        (KEPT, KEPT, ()),
        (KEPT, BROKEN, ("verdict",)),
        (BROKEN, {**BROKEN, "waiver": "known"}, ("verdict",)),
        (BROKEN, {**BROKEN, "observed": "202"}, ()),
        (KEPT, ASKED_NOT, ("coverage",)),
        (BROKEN, UNSURE, ("coverage",)),
        (UNSURE, ASKED_NOT, ("coverage",)),
        (ASKED_NOT, ASKED_NOT, ()),
        (KEPT, {**KEPT, "level": "recommended"}, ("promise",)),
        (KEPT, {**KEPT, "claim": "Another."}, ("promise",)),
        ({**KEPT, "level": "recommended"}, BROKEN, ("verdict", "promise")),
    ],
)
def test_runs_of_one_vendor_differ_in(one: Any, other: Any, kinds: tuple[str, ...]) -> None:
    assert differences(row_of("auth.missing", textflow(one), textflow(other))) == kinds


@pytest.mark.parametrize(
    ("one", "other", "kinds"), [("401", "401", ()), ("401", "403", ("observed",)), ("401", "401; 403", ("observed",))]
)
def test_observations_of_two_vendors_differ_in(one: str, other: str, kinds: tuple[str, ...]) -> None:
    runs = (textingline(observed("tl.auth.refusal-status", one)), textflow(observed("tf.auth.refusal-status", other)))
    assert differences(row_of("auth.refusal-status", *runs)) == kinds


def test_observation_that_was_not_made_is_a_matter_of_coverage() -> None:
    unseen = record("tf.auth.refusal-status", "not_exercised", reason="filtered")
    runs = (textingline(observed("tl.auth.refusal-status", "401")), textflow(unseen))
    assert differences(row_of("auth.refusal-status", *runs)) == ("coverage",)


def test_verdicts_of_two_vendors_are_compared() -> None:
    runs = (textingline(record("tl.auth.no-credentials")), textflow(BROKEN))
    assert differences(row_of("auth.missing", *runs)) == ("verdict",)


def test_other_words_for_the_same_promise_do_not_differ() -> None:
    assert differences(row_of("auth.missing", textingline(record("tl.auth.no-credentials")), textflow(KEPT))) == ()


def test_other_terms_of_a_promise_differ() -> None:
    runs = (textingline(record("tl.requests.body-max-accepted")), textflow(record("tf.requests.message-max-accepted")))
    assert differences(row_of("requests.text-max-accepted", *runs)) == ("promise",)


def test_other_level_differs() -> None:
    runs = (textingline(record("tl.requests.to-type")), textflow(record("tf.requests.to-type")))
    assert differences(row_of("requests.recipient-type", *runs)) == ("promise",)


def test_what_one_vendor_does_not_promise_differs() -> None:
    assert differences(row_of("auth.inactive", textingline(), textflow(record("tf.auth.inactive-key")))) == (
        "presence",
    )


def test_wider_promise_of_the_same_level_does_not_differ() -> None:
    runs = (textingline(record("tl.requests.to-e164")), textflow(record("tf.requests.to-empty")))
    assert differences(row_of("requests.recipient-empty", *runs)) == ()


def test_wider_promise_of_another_level_differs() -> None:
    runs = (textingline(record("tl.requests.from-type")), textflow(observed("tf.requests.from-null", "refused")))
    assert differences(row_of("requests.sender-null", *runs)) == ("promise",)


def test_what_cannot_be_seen_is_no_matter_of_coverage() -> None:
    one = record("tl.credits.dashboard", "not_applicable", detail="In a dashboard.")
    other = record("tf.credits.usage", "not_applicable", detail="Elsewhere.")
    assert differences(row_of("credits.readable", textingline(one), textflow(other))) == ("promise",)


def test_two_of_three_columns_are_enough() -> None:
    runs = (textflow(KEPT), textflow(KEPT), textflow(BROKEN))
    assert differences(row_of("auth.missing", *runs)) == ("verdict",)


def test_one_column_differs_from_nothing() -> None:
    table = table_of(
        textflow(KEPT, BROKEN | {"id": "tf.auth.valid-key"}),
    )
    assert [differences(row) for row in table.rows] == [(), ()]


def test_unknown_vendors_of_unlike_clauses_share_no_row() -> None:
    table = table_of(saved("one", record("a.auth.x")), saved("two", record("b.auth.x")))
    assert [differences(row) for row in table.rows] == [("presence",), ("presence",)]
