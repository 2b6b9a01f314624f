"""Ordinary vendors: what the documents permit ends in no broken promise, and leaves none undecided for it."""

from __future__ import annotations

import pytest

from sendproof.selftest.subject import FAULT, subjects
from sendproof.selftest.trial import load_contract_once, tried

PERMITTED = [
    ("textingline", "queued"),
    ("textingline", "failed-queued-at-first"),
    ("textingline", "too-long-fails"),
    ("textingline", "bad-number-fails"),
    ("textingline", "media-fetched"),
    ("textingline", "load-balancer"),
    ("textingline", "one-500"),
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
