"""Errors: a refusal says what is wrong, as documented.

Each documented fault alone: its status, its envelope, its text or code.
"""

from sendproof import ClauseVerdict

CONCERN = "errors"
FAMILIES = (
    "credentials",
    "near_misses",
    "keys",
    "numbers",
    "senders",
    "text_facts",
    "lengths",
    "media",
    "schema-coverage",
    "json_forms",
)


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
