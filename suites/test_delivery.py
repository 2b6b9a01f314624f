"""Delivery: what cannot be delivered is accepted, and says so.

A message to a number of each documented cause: 201, failed, with that cause.
"""

from sendproof import ClauseVerdict

CONCERN = "delivery"
FAMILIES = ("failing_recipients",)


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
