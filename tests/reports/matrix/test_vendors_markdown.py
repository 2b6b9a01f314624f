from __future__ import annotations

from dataclasses import replace

import pytest

from sendproof.reports.matrix.matrix_reports import to_markdown
from sendproof.reports.results import SavedRun
from tests.reports.support import HOSTILE

from .support import catalogue, exchange, failed, observed, record, table_of, textflow, textingline


def lines_of(*runs: SavedRun) -> list[str]:
    return to_markdown(table_of(*runs)).splitlines()


def row(lines: list[str], title: str) -> str:
    """The first line of a table that begins with this title."""
    return next(line for line in lines if line.startswith(f"| {title} |"))


def test_head_tells_where_a_column_comes_from() -> None:
    lines = lines_of(textflow(name="staging", complete=False), textingline(kind="mock"))
    assert row(lines, "name") == "| name | staging | textingline |"
    assert row(lines, "live or mock") == "| live or mock | live | mock |"
    assert row(lines, "seed") == "| seed | 7 | 7 |"
    assert row(lines, "run").startswith("| run | not complete: it was broken off, exit code 0 | complete,")
    assert catalogue().contracts["textflow"].sha256[:12] in row(lines, "contract")


def test_cells_show_sign_word_level_and_value() -> None:
    lines = lines_of(textingline(), textflow(failed("tf.auth.inactive-key")), textflow(record("tf.auth.inactive-key")))
    assert row(lines, "An inactive key is refused") == (
        "| An inactive key is refused | ∅ not promised | ✗ fail · required<br>201 | ✓ pass · required |"
    )


def test_terms_of_a_promise_are_shown() -> None:
    runs = (textingline(record("tl.requests.body-max-accepted")), textflow(record("tf.requests.message-max-accepted")))
    shown = row(lines_of(*runs), "The longest permitted text is accepted<br>differs in what exactly is promised")
    assert "640 characters" in shown
    assert "1,600 characters" in shown


def test_promise_under_another_row_is_named() -> None:
    runs = (textingline(record("tl.requests.to-e164")), textflow(record("tf.requests.to-empty")))
    named = "→ no promise of its own: see A recipient that is not written as documented is refused"
    assert named in row(lines_of(*runs), "An empty recipient is refused")


def test_what_differs_stands_first() -> None:
    headings = [
        line
        for line in lines_of(textflow(record("tf.auth.missing-key")), textflow(failed("tf.auth.missing-key")))
        if line.startswith("#")
    ]
    assert headings[:5] == [
        "# Vendors side by side",
        "## How does each vendor tell causes apart?",
        "## What happens when the same message is sent twice?",
        "## What else differs",
        "### Kept by one, broken by another (1)",
    ]


def test_failure_has_its_source_evidence_and_command() -> None:
    text = to_markdown(table_of(textflow(failed("tf.auth.missing-key", reproduce="curl -sS x", waiver="known"))))
    for told in (
        "- stated in: textflow-send-sms, Error responses",
        "- expected: `a 4xx`",
        "- observed: `201`",
        "- evidence: `x1`",
        "- waived: known",
        "```sh\ncurl -sS x\n```",
    ):
        assert told in text


def test_long_command_is_left_out() -> None:
    lines = lines_of(textflow(failed("tf.auth.missing-key", reproduce="curl " + "x" * 2000)))
    assert "The command stands in `results.json`." in lines


def test_many_failures_are_cut_and_counted() -> None:
    records = [failed(name) for name in catalogue().contracts["textflow"].clauses]
    lines = lines_of(textflow(*records))
    assert f"And {len(records) - 40} more." in lines
    assert sum(line.startswith("### `") for line in lines) == 40


def test_times_and_spend_stand_in_tables() -> None:
    lines = lines_of(textingline(credits=689, exchanges=(exchange(status=201),)), textflow(kind="mock"))
    assert "| TextingLine | success (2xx) | 1 | 2.0 | 2.0 | 2.0 | exchanges |" in lines
    assert "| TextFlow | 380 | 41 | no price |" in lines
    assert "The times of a mock tell nothing of the vendor." in lines


def test_times_of_live_vendors_need_no_warning() -> None:
    lines = lines_of(textingline(exchanges=(exchange(),)), textflow())
    assert "## Time" in lines
    assert "The times of a mock tell nothing of the vendor." not in lines


def test_same_runs_differ_in_nothing() -> None:
    run = textflow(record("tf.auth.missing-key"))
    assert "Nothing." in lines_of(run, run)
    assert "There is one column, and nothing to compare." in lines_of(run)


@pytest.mark.parametrize("verdict", ["fail", "observed", "error"])
def test_hostile_text_breaks_no_table(verdict: str) -> None:
    records = {
        "fail": failed("x.auth.odd", claim=HOSTILE, observed=HOSTILE, expected=HOSTILE, evidence=[HOSTILE]),
        "observed": observed("x.auth.odd", HOSTILE, claim=HOSTILE),
        "error": record("x.auth.odd", "error", detail=HOSTILE, claim=HOSTILE),
    }
    run = replace(textflow(records[verdict]), name=HOSTILE, provider=HOSTILE, base_url=HOSTILE, version=HOSTILE)
    text = to_markdown(table_of(run, run))
    assert "\x1b" not in text
    assert "\u202e" not in text
    outside = [line for line in text.splitlines() if line.startswith("|")]
    assert all("<script>" not in line for line in outside)
    assert {line.replace("\\|", "").count("|") for line in outside if "alert" in line} <= {4, 8}
