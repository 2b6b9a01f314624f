from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from types import MappingProxyType

import pytest
from rich.console import Console

from sendproof.contract.model import Contract
from sendproof.reports.clauses import print_table, to_json, to_markdown
from sendproof.reports.run_view import fixture_for
from sendproof.reports.text import is_plain

from .support import HOSTILE, contract

BOTH = (contract("textflow"), contract("textingline"))


def hostile() -> Contract:
    first = next(iter(contract().clauses.values()))
    return replace(
        contract(),
        provider=replace(contract().provider, title=HOSTILE),
        clauses=MappingProxyType({first.id: replace(first, claim=HOSTILE)}),
    )


def test_json_has_every_clause() -> None:
    data = json.loads(to_json(BOTH))
    assert [[item["id"] for item in one["clauses"]] for one in data] == [list(one.clauses) for one in BOTH]
    assert data[0]["clauses"][1] == {
        "id": "tf.auth.test-key",
        "concern": "auth",
        "level": "required",
        "concept": "auth.test-key",
        "claim": "A test key is accepted.",
        "decided": "A message without a fault, with credentials in the state test, must be accepted. "
        "Upheld by an acceptance; broken by a refusal that nothing else explains.",
        "source": {"document": "textflow-send-sms", "section": "Test keys"},
        "fixture": "test_key",
        "reason": None,
    }


def test_markdown_has_a_row_for_every_clause() -> None:
    text = to_markdown(BOTH)
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(one.clauses) for one in BOTH)
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 7 for row in rows)
    of_test_key = next(
        row for row in rows if row.startswith("| `tf.auth.test-key` | required | A test key is accepted. |")
    )
    assert "broken by a refusal that nothing else explains" in of_test_key
    assert of_test_key.endswith(" | textflow-send-sms, Test keys | `test_key` |")


def test_table_has_every_clause() -> None:
    file = io.StringIO()
    print_table(BOTH, Console(file=file, width=160))
    assert all(identity in file.getvalue() for one in BOTH for identity in one.clauses)


def test_catalogue_shows_hostile_text_as_text() -> None:
    file = io.StringIO()
    print_table([hostile()], Console(file=file, width=60))
    text = file.getvalue() + to_markdown([hostile()]) + to_json([hostile()])
    assert all(is_plain(line) for line in text.splitlines())
    assert "<script>" not in to_markdown([hostile()])


@pytest.mark.parametrize(
    ("identity", "fixture"),
    [
        ("tl.delivery.cause-opted-out", "failing_recipients.opted_out"),
        ("tl.delivery.accepted", "failing_recipients"),
        ("tl.credits.boundary", "metered"),
        ("tl.auth.no-credentials", None),
    ],
)
def test_fixture_is_what_unlocks_a_clause(identity: str, fixture: str | None) -> None:
    one = contract("textingline")
    assert fixture_for(one.clauses[identity], one.provider) == fixture
