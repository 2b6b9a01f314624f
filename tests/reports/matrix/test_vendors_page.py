from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from sendproof.reports.matrix.matrix_reports import to_page
from sendproof.reports.results import SavedRun
from tests.reports.support import HOSTILE

from .pages import OURS, Page
from .support import catalogue, exchange, failed, observed, record, table_of, textflow, textingline

LIMIT_BYTES = 5_000_000
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0041]")


def page_of(*runs: SavedRun) -> Page:
    return Page(to_page(table_of(*runs)))


def cells_of(*runs: SavedRun) -> list[str]:
    """The cells of the first row, white space folded."""
    return [" ".join(cell.split()) for cell in page_of(*runs).cells[0]]


def all_records(provider: str, **given: Any) -> tuple[dict[str, Any], ...]:
    return tuple(failed(name, **given) for name in catalogue().contracts[provider].clauses)


def test_head_tells_where_a_column_comes_from() -> None:
    text = page_of(textflow(name="staging", kind="live", complete=False, seed=11), textingline(kind="mock")).text
    for told in ("staging", "live, https://vendor.example", "2026-03-15 14:30 UTC", "0.1.0", "! not complete", "11"):
        assert told in text
    assert catalogue().contracts["textflow"].sha256[:12] in text
    assert "a mock: a stand-in" in text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (record("tf.auth.missing-key"), "✓ pass · required"),
        (failed("tf.auth.missing-key"), "✗ fail · required 201"),
        (failed("tf.auth.missing-key", waiver="known"), "✗ fail waived · required 201"),
        (observed("tf.auth.refusal-status", "401; 403"), "◉ observed · open 401 or 403"),
        (
            record("tf.auth.missing-key", "not_exercised", reason="no_fixture", detail="no fixture"),
            "○ not exercised · required no fixture",
        ),
        (
            record("tf.auth.missing-key", "not_exercised", reason="budget", detail="the budget was spent before"),
            "○ not exercised · required the budget was spent before",
        ),
        (
            record("tf.errors.internal-error", "not_applicable", reason="void", detail="none was seen"),
            "– not applicable · required none was seen",
        ),
        (record("tf.auth.missing-key", "inconclusive", reason="throttled"), "? inconclusive · required throttled"),
        (record("tf.auth.missing-key", "error", detail="no route"), "! error · required no route"),
    ],
)
def test_cell_shows_sign_word_level_and_value(given: dict[str, Any], told: str) -> None:
    [cell] = cells_of(textflow(given))
    assert cell.startswith(f"TextFlow {told}")


def test_missing_promise_is_shown_as_such() -> None:
    runs = (textingline(), textflow(failed("tf.auth.inactive-key")), textflow(record("tf.auth.inactive-key")))
    assert cells_of(*runs)[0] == "TextingLine ∅ not promised"


def test_what_some_do_not_promise_stands_once_in_a_line() -> None:
    page = page_of(textingline(), textflow(record("tf.auth.inactive-key")))
    assert "Not promised by every vendor (1)" in page.text
    assert "An inactive key is refused · TextFlow ✓ pass" in page.text
    lines = [given["data-differs"] for tag, given in page.tags if tag == "li" and "data-row" in given]
    assert lines == ["any presence"]
    assert page.rows == []


def test_line_of_two_runs_of_one_vendor_names_both() -> None:
    run = textflow(record("tf.auth.inactive-key"))
    text = page_of(run, replace(run, name="later"), textingline()).text
    assert "An inactive key is refused · TextFlow ✓ pass · TextFlow later ✓ pass" in text


def test_promise_under_another_row_is_linked() -> None:
    page = page_of(textingline(record("tl.requests.to-e164")), textflow(record("tf.requests.to-empty")))
    anchors = {given["id"] for tag, given in page.tags if tag == "tr" and "id" in given}
    links = [given["href"][1:] for tag, given in page.tags if tag == "a" and given["href"].startswith("#row-")]
    assert set(links) <= anchors
    assert "→ no promise of its own see A recipient that is not written as documented is refused" in page.text


def test_cell_opens_to_claim_source_evidence_and_command() -> None:
    given = failed("tf.auth.missing-key", reproduce="curl -sS 'https://vendor.example/send'", exercised=3)
    [cell] = cells_of(textflow(given, exchanges=(exchange(status=201, body=b'{"success":true}'),)))
    for told in (
        "A request without a key is refused.",
        "textflow-send-sms, “Error responses”",
        "Expected a 4xx",
        "Observed 201",
        "1 of 3 exchanges contradict it",
        "Evidence x1",
        'POST /send { "to": "+12025550123" }',
        '201 { "success": true }',
        "curl -sS 'https://vendor.example/send'",
    ):
        assert told.replace(" ", "") in cell.replace(" ", "")


def test_exchange_without_an_answer_says_why() -> None:
    [cell] = cells_of(textflow(failed("tf.auth.missing-key"), exchanges=(exchange(status=None, failure="dropped"),)))
    assert "no answer: dropped" in cell


@pytest.mark.parametrize(
    ("exchanges", "told"),
    [
        (None, "No readable exchanges.har lies beside the results"),
        ((), "Shown here: 0 of 1. All of them stand in exchanges.har."),
    ],
)
def test_evidence_that_cannot_be_shown_is_said(exchanges: Any, told: str) -> None:
    [cell] = cells_of(textflow(failed("tf.auth.missing-key"), exchanges=exchanges))
    assert told in cell


def test_long_command_is_left_out() -> None:
    page = to_page(table_of(textflow(failed("tf.auth.missing-key", reproduce="curl " + "x" * 2000))))
    assert "Ask again" not in page


def test_what_differs_stands_first_by_its_kind() -> None:
    one = textflow(
        record("tf.auth.missing-key"), observed("tf.auth.refusal-status", "401"), record("tf.auth.valid-key")
    )
    other = textflow(
        failed("tf.auth.missing-key"), observed("tf.auth.refusal-status", "403"), record("tf.auth.valid-key")
    )
    page = page_of(one, other)
    assert [row["data-differs"] for row in page.rows] == ["any observed", "any verdict", ""]
    assert "What else differs (1)" in page.text
    assert "What is the same for all (1)" in page.text


def test_rows_can_be_filtered_by_concern_and_verdict() -> None:
    page = page_of(textflow(failed("tf.auth.missing-key")), textingline(record("tl.auth.no-credentials")))
    assert {(row["data-concern"], row["data-verdict"]) for row in page.rows} == {("auth", "fail pass")}
    names = [given["name"] for tag, given in page.tags if tag in ("select", "input")]
    assert names == ["concern", "differs", "verdict", "text"]


def test_anchors_are_unique() -> None:
    page = page_of(textflow(*all_records("textflow")), textingline(*all_records("textingline")))
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("runs", [(textflow(),), (textflow(record("tf.auth.missing-key")),)])
def test_one_column_has_nothing_to_compare(runs: tuple[SavedRun, ...]) -> None:
    assert "There is one column, and nothing to compare." in page_of(*runs).text


def test_same_runs_differ_in_nothing() -> None:
    run = textflow(record("tf.auth.missing-key"))
    assert "What else differs (0) Nothing." in page_of(run, run).text


def test_times_of_a_mock_are_disclaimed() -> None:
    told = "the times of a mock tell nothing of the vendor"
    assert told in page_of(textflow(kind="mock", exchanges=(exchange(),))).text
    assert told not in page_of(textflow(exchanges=(exchange(),))).text


def test_spend_stands_in_a_plot_and_in_a_table() -> None:
    page = page_of(textingline(credits=689), textflow())
    labels = [given["aria-label"] for tag, given in page.tags if tag == "svg"]
    assert "credits: TextingLine 689; TextFlow no price; " in labels
    assert "TextingLine 380 41 689 TextFlow 380 41 no price named" in page.text


def test_headings_stand_in_order() -> None:
    page = page_of(textingline(record("tl.auth.no-credentials")), textflow(failed("tf.auth.missing-key")))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def hostile(run: SavedRun) -> SavedRun:
    texts = dict.fromkeys(("claim", "expected", "observed", "reproduce", "waiver"), HOSTILE)
    records = (
        *(failed(name, **texts) for name in list(catalogue().contracts[run.provider].clauses)[:4]),
        record("x.auth.error", "error", detail=HOSTILE, claim=HOSTILE, evidence=[HOSTILE]),
        observed("x.auth.observed", HOSTILE, claim=HOSTILE),
    )
    body = HOSTILE.encode("utf-8", "surrogatepass")
    sent = exchange(path=HOSTILE, method=HOSTILE, request_body=body, body=body)
    lost = exchange(HOSTILE, status=None, failure=HOSTILE)
    return replace(run, name=HOSTILE, base_url=HOSTILE, version=HOSTILE, clauses=records, exchanges=(sent, lost))


def test_hostile_text_makes_no_element() -> None:
    html = to_page(
        table_of(hostile(textflow()), hostile(textflow()), hostile(textflow(exchanges=None)), textingline()),
    )
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= OURS
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [name for _, given in page.tags for name in given if name.startswith("on") or name in ("src", "srcdoc")]
    assert all(given["href"].startswith("#") for tag, given in page.tags if tag == "a")


def test_hostile_text_is_visible() -> None:
    html = to_page(table_of(hostile(textflow())))
    assert UNSEEN.search(html) is None
    assert "\\x1b[31mred" in html
    assert "\\u202egnp.exe" in html


def test_hostile_provider_is_shown_as_text() -> None:
    run = replace(textflow(record("x.auth.odd")), provider=HOSTILE)
    page = Page(to_page(table_of(run, run)))
    assert {tag for tag, _ in page.tags} <= OURS


def test_page_of_many_exchanges_keeps_its_weight_and_says_so() -> None:
    body = b'{"text": "' + b'"quoted" ' * 400 + b'"}'
    exchanges = tuple(exchange(f"x{number}", request_body=body, body=body) for number in range(5000))
    given = {"evidence": [f"x{number}" for number in range(5)], "reproduce": "curl " + "'" * 1400}
    runs = [
        saved_run(*all_records(name, **given), exchanges=exchanges)
        for saved_run, name in ((textflow, "textflow"), (textingline, "textingline")) * 2
    ]
    html = to_page(table_of(*runs))
    assert len(html.encode()) < LIMIT_BYTES
    assert "Shown here: 2 of 5. All of them stand in exchanges.har." in html
    assert "This page keeps to 5 MB" in html


@pytest.mark.slow
@pytest.mark.parametrize("text", ['"' * 1_000_000, "é" * 1_000_000, "\x00" * 1_000_000])
def test_page_of_a_megabyte_in_every_field_keeps_its_weight(text: str) -> None:
    given = dict.fromkeys(("claim", "expected", "observed", "reproduce", "waiver"), text)
    runs = [
        saved_run(*all_records(name, **given), exchanges=(exchange(body=text.encode(), path=text),))
        for saved_run, name in ((textflow, "textflow"), (textingline, "textingline")) * 2
    ]
    assert len(to_page(table_of(*runs)).encode()) < LIMIT_BYTES


def test_small_page_leaves_nothing_out() -> None:
    run = textflow(failed("tf.auth.missing-key"), exchanges=(exchange(),))
    assert "This page keeps to 5 MB" not in to_page(table_of(run, run))


def test_failures_take_their_room_first() -> None:
    calm = (record(name, evidence=["x1"]) for name in catalogue().contracts["textflow"].clauses)
    broken = failed("http.robustness.latency", evidence=["x2"])
    body = b"'" * 600
    exchanges = (exchange("x1", request_body=body, body=body), exchange("x2", body=b"the proof"))
    records = {item["id"]: item for item in calm} | {broken["id"]: broken}
    runs = [textflow(*records.values(), exchanges=exchanges) for _ in range(12)]
    html = to_page(table_of(*runs))
    assert "This page keeps to 5 MB" in html
    assert html.count("the proof") == 12
