"""Robustness: whatever is sent is answered.

Bytes that are no UTF-8, no JSON, no object; depth, size, NUL; other methods on the path.
"""

from sendproof import ClauseVerdict

CONCERN = "robustness"
FAMILIES = ("hostile", "json_forms", "forms", "unknown_fields", "methods", "schema-fuzzing")


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
