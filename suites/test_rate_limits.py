"""Rate limits: enforced, not early, over after the window.

A limited key sends until it is refused, waits, and sends again; another key sends meanwhile.
"""

from sendproof import ClauseVerdict

CONCERN = "rate_limits"
FAMILIES = ("keys",)
SCENARIOS = ("rate_limits",)


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
