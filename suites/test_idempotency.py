"""Idempotency: a retry is not a second message.

The same key again, at once, with another message; keys that are almost the same.
"""

from sendproof import ClauseVerdict

CONCERN = "idempotency"
FAMILIES = ("idempotency",)
SCENARIOS = ("idempotency",)


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
