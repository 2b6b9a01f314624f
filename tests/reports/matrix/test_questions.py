from __future__ import annotations

import pytest

from sendproof.reports.matrix.questions import answers
from sendproof.reports.matrix.rows import CAUSES, RETRIES, sections
from sendproof.reports.observations import in_words
from sendproof.reports.results import SavedRun

from .support import catalogue, failed, observed, record, saved, table_of, textflow, textingline

REPLAY, CONCURRENT = "tl.idempotency.replay-same-id", "tl.idempotency.concurrent-same-id"


def said(question: str, *runs: SavedRun) -> list[str]:
    """The sentences of each column, as one text."""
    return [" ".join(sentences) for sentences in answers(table_of(*runs), question)]


def everything(provider: str, *others: dict[str, object]) -> SavedRun:
    """A run in which all holds but what is given."""
    given = {str(item["id"]): item for item in others}
    clauses = catalogue().contracts[provider].clauses
    return saved(provider, *(given.get(name) or record(name) for name in clauses))


def test_causes_are_told_by_code_or_by_text() -> None:
    one, other = said(CAUSES, everything("textingline"), everything("textflow"))
    assert one.startswith(
        "By error code (33004, 33009, 33016, 33019, 33023): 4 of the 11 causes below; all kept in this run."
    )
    assert other.startswith("By error text: 8 of the 11 causes below; all kept in this run.")


def test_codes_and_texts_of_one_cause_share_a_row() -> None:
    table = table_of(everything("textingline"), everything("textflow"))
    [row] = [row for row in table.rows if row.concept.id == "errors.cause-sender"]
    assert [len(cell.entries) for cell in row.cells] == [2, 1]
    assert row in sections(table).questions[CAUSES]


def test_broken_and_undecided_ways_to_tell_causes_are_counted() -> None:
    run = everything(
        "textingline",
        failed("tl.errors.code-inactive-sender"),
        record("tl.errors.code-compliance", "not_exercised", reason="no_fixture"),
    )
    [text] = said(CAUSES, run)
    assert "; 3 kept, 1 broken, 1 not decided." in text


def test_status_codes_that_were_seen_are_named() -> None:
    run = textingline(observed("tl.errors.refusal-status", "400; 422"), observed("tl.auth.refusal-status", "401"))
    [text] = said(CAUSES, run)
    assert text.endswith("Status codes seen: 400, 401, 422.")


def test_nothing_of_its_own_is_said_of_the_documents_only_under_the_installed_contract() -> None:
    known, other = said(CAUSES, textflow(), textflow(contract_sha256="1" * 64))
    assert known == "Its documents name no code, text or status of its own for any cause."
    assert other == "Unknown: that run was judged by a contract which is not the installed one."


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (record(REPLAY), "With the same key it is one message: promised and kept."),
        (
            failed(REPLAY, observed="2 ids"),
            "With the same key it is one message: promised and broken in this run (2 ids).",
        ),
        (
            record(REPLAY, "inconclusive", reason="throttled", detail="a limit was in the way"),
            "With the same key it is one message: promised, not decided in this run (a limit was in the way).",
        ),
    ],
)
def test_sending_twice_with_a_key(given: dict[str, object], told: str) -> None:
    [text] = said(RETRIES, textingline(given, record("tl.requests.idempotency-key-omitted")))
    assert text.startswith(told)
    assert "Without a key nothing is promised" in text


def test_sending_twice_names_all_that_is_known() -> None:
    [text] = said(
        RETRIES, everything("textingline", observed("tl.idempotency.other-payload", "refused 409"), failed(CONCURRENT))
    )
    assert "Also when both are sent at the same time: promised and broken in this run (201)." in text
    assert "It is charged once: promised and kept." in text
    assert "Another message with a key that was used: refused 409." in text


def test_sending_twice_without_a_documented_key() -> None:
    _, text = said(RETRIES, everything("textingline"), everything("textflow"))
    assert text.startswith("Its documents name no key against double sending.")


def test_key_whose_effect_is_not_documented_is_not_denied() -> None:
    [text] = said(RETRIES, textingline(record("tl.requests.idempotency-key-accepted")))
    assert text == "A key against double sending is documented; that it keeps a message from being sent twice is not."


def test_nothing_is_said_of_a_vendor_whose_pack_is_not_installed() -> None:
    run = saved("elsewhere", record("el.idempotency.replay", claim="Twice is once."))
    assert [said(question, run) for question in (CAUSES, RETRIES)] == [
        ["Unknown: that run was judged by a contract which is not the installed one."]
    ] * 2


def test_each_row_stands_once() -> None:
    table = table_of(everything("textingline"), everything("textflow", failed("tf.auth.missing-key")))
    placed = sections(table)
    rows = [
        *(row for rows in placed.questions.values() for row in rows),
        *(row for rows in placed.differing.values() for row in rows),
        *placed.lacking,
        *placed.alike,
    ]
    assert sorted(row.concept.id for row in rows) == sorted(row.concept.id for row in table.rows)


@pytest.mark.parametrize(
    ("clause", "observation", "told"),
    [
        ("tl.requests.unknown-field", "accepted; refused", "some accepted, some refused, depending on what was sent"),
        ("tl.requests.unknown-field", "refused", "refused"),
        ("tl.responses.id-form", "m_<letters, digits>; m_<letters>", "m_… (letters and digits) or m_… (letters)"),
        ("tf.errors.refusal-shape", "error, success", "an object with error and success"),
        ("tf.errors.refusal-shape", "error; no JSON object", "an object with error or no JSON object"),
        ("tl.errors.other-codes", "/a/code 1; /a/code 2; /code 7", "at /a/code: 1, 2; at /code: 7"),
        ("tl.errors.code-location", "/error/code number", "at /error/code: number"),
        ("tl.errors.other-codes", "a b c", "a b c"),
        ("http.robustness.latency", "accepted: 1 s; refused: 2 s", "accepted: 1 s; refused: 2 s"),
    ],
)
def test_observations_are_said_in_words(clause: str, observation: str, told: str) -> None:
    assert in_words(observation, catalogue().clauses[clause]) == told
