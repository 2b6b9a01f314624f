"""Requests: what is a message, and what is not.

Each field absent, null, empty, of another type and at its limits, one fault at a time; texts in
many scripts; numbers of the account and of others.
"""

from sendproof import ClauseVerdict

CONCERN = "requests"
FAMILIES = (
    "numbers",
    "senders",
    "text_facts",
    "texts",
    "texts-generated",
    "messages-generated",
    "lengths",
    "media",
    "idempotency",
    "unknown_fields",
    "json_forms",
    "schema-coverage",
    "schema-fuzzing",
)


def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()
