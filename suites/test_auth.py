"""Authentication: whose messages are accepted, and whose are not.

Right credentials, none, wrong ones of every kind, and near misses: the other letter case, a
prefix, a longer one. A refusal counts only where the same message with the right credentials
was accepted.
"""

from sendproof import ClauseVerdict

CONCERN = "auth"
FAMILIES = ("credentials", "near_misses", "elsewhere", "carriers", "keys")


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
