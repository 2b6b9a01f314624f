"""Ordinary vendors: what the documents permit ends in no broken promise, and leaves none undecided for it."""

from __future__ import annotations

import pytest

from sendproof.judge.verdicts import FAIL
from sendproof.mock.accounts import Provider
from sendproof.mock.variants import VARIANTS
from sendproof.runs.trial import FAULT, judged, load_contract_once, recorded, subjects, tried

PERMITTED = [
    ("textingline", "queued"),
    ("textingline", "failed-queued-at-first"),
    ("textingline", "too-long-fails"),
    ("textingline", "bad-number-fails"),
    ("textingline", "media-fetched"),
    ("textingline", "load-balancer"),
    ("textingline", "one-500"),
    ("textingline", "duplicates-filtered"),
    ("textflow", "duplicates-filtered"),
    ("textingline", "lock-out"),
    ("textflow", "lock-out"),
    ("textflow", "recipient-empty-is-malformed"),
    ("textflow", "key-empty-is-invalid"),
    ("textflow", "minute-limit-with-daily-text"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "name"), PERMITTED, ids=[name for _, name in PERMITTED])
def test_permitted_vendor_breaks_no_required_promise_and_leaves_none_open(provider: str, name: str) -> None:
    [subject] = [item for item in subjects([provider]) if item.name == name and item.kind != FAULT]
    trial = tried(subject, 0, 100)
    clauses = load_contract_once(provider).clauses
    assert [item.clause for item in trial.failures if item.level == "required"] == []
    assert [clause for clause in trial.unproved if clauses[clause].level == "required"] == []
    assert trial.stopped is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("provider", "clause"), [("textingline", "tl.auth.secret-prefix"), ("textflow", "tf.auth.key-case")]
)
def test_near_miss_that_is_accepted_is_found_between_lock_outs(provider: Provider, clause: str) -> None:
    """What is refused while everybody is says nothing of the credentials."""
    lock_out = next(item for item in VARIANTS[provider] if item.name == "lock-out")
    subject = next(item for item in subjects([provider]) if item.clauses == (clause,))
    recording = recorded(subject, 0, 100, change=lock_out.change)
    found = judged(load_contract_once(provider), recording)
    assert {item.clause.id for item in found if item.verdict == FAIL} == {clause}
