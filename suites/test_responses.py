"""Responses: what an accepted message is answered with.

Every accepted message is evidence: its answer against the schema, and against its request.
"""

from sendproof import ClauseVerdict

CONCERN = "responses"
FAMILIES = ("texts", "texts-generated", "messages-generated", "lengths", "media")
SCENARIOS = ("at_once",)


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
