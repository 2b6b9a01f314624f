"""Credits: what a message costs, to the last credit.

A metered account spends its balance to the end; an account without credits sends nothing.
"""

from sendproof import ClauseVerdict

CONCERN = "credits"
FAMILIES = ("keys",)
SCENARIOS = ("credits",)


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
