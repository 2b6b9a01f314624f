"""Normalization: every spelling of a number is the same number.

Each documented spelling of each recipient and sender, looked for in the answer in E.164.
"""

from sendproof import ClauseVerdict

CONCERN = "normalization"
FAMILIES = ("numbers",)


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
