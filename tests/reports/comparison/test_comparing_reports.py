from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from io import StringIO
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from sendproof.judge.verdicts import VERDICTS
from sendproof.reports.comparison.compare import compare
from sendproof.reports.comparison.comparison_reports import SCHEMA_FILE, print_comparison, to_json, to_markdown, to_page
from sendproof.reports.comparison.comparison_values import ANSWER_CHANGES, CLAUSE_CHANGES, Comparison
from sendproof.reports.comparison.comparison_words import TITLES, advice
from tests.reports.support import HOSTILE

from .pages import OURS, Page
from .support import ACCEPTED, OPEN, REQUIRED, exchange, many, record, run

SCHEMA = json.loads(SCHEMA_FILE.read_text("utf-8"))
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0041]")
LONG = "x" * 1_000_000
CURL = "curl -sS -i -X POST http://127.0.0.1:1/"


def printed(found: Comparison, width: int = 200) -> str:
    stream = StringIO()
    print_comparison(found, Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


REPORTS = {"terminal": printed, "markdown": to_markdown, "json": to_json, "html": to_page}


def everything() -> Comparison:
    """One change of each kind."""
    pairs = {
        "tf.a.regressed": (record(), record(verdict="fail", reproduce=CURL, waiver="known")),
        "tf.a.fails-now": (record(verdict="error", detail="why"), record(verdict="fail")),
        "tf.a.lost": (record(), record(verdict="not_exercised", reason="budget")),
        "tf.a.other": (record(verdict="fail"), record(verdict="fail", observed="refused with 503")),
        "tf.a.fixed": (record(verdict="fail"), record()),
        "tf.a.gained": (record(verdict="not_exercised", reason="budget"), record()),
        "tf.a.undecided": (record(verdict="not_exercised"), record(verdict="inconclusive", reason="throttled")),
        "tf.a.redefined": (record(), record(claim="Another `claim`.")),
    }
    opened = [record(OPEN, "observed", observation=value) for value in ("401", "403")]
    old = [{**before, "id": name} for name, (before, _) in pairs.items()] + [opened[0], record("tf.a.retired")]
    new = [{**after, "id": name} for name, (_, after) in pairs.items()] + [opened[1], record("tf.a.new")]
    seen = [*many(20), exchange("one.x", body=ACCEPTED)]
    changed = [
        *[exchange(f"texts.{n}", 201, {**ACCEPTED, "extra": 1, "success": 1}, identity=f"x{n}") for n in range(20)],
        exchange("one.x", body={"success": True, "data": {"messageId": "1"}}),
    ]
    slow = [exchange(f"slow.{n}", 401, {}, elapsed_ms=100) for n in range(30)]
    quick = [exchange(f"slow.{n}", 401, {}, elapsed_ms=5) for n in range(30)]
    return compare(run(*old, exchanges=seen + quick, seed=1), run(*new, exchanges=changed + slow))


def hostile() -> Comparison:
    """Hostile text wherever a file can hold some."""
    texts: dict[str, Any] = dict.fromkeys(("claim", "expected", "detail", "waiver", "reproduce"), HOSTILE)
    old = run(
        record(REQUIRED, claim="old"),
        record("tf.a.lost"),
        record(OPEN, "observed", observation=HOSTILE),
        exchanges=[exchange(f"{HOSTILE}{n}", body={}, identity=HOSTILE) for n in range(4)],
    )
    new = run(
        record(REQUIRED, "fail", **{**texts, "observed": HOSTILE, "evidence": [HOSTILE]}),
        record("tf.a.lost", "error", **{**texts, "detail": LONG}),
        record(OPEN, "observed", observation=f"{HOSTILE}2", claim=HOSTILE),
        exchanges=[
            *(
                exchange(
                    f"{HOSTILE}{n}",
                    201,
                    {HOSTILE: 1},
                    identity=HOSTILE,
                    headers=((HOSTILE, "1"), ("Content-Type", HOSTILE)),
                )
                for n in range(4)
            ),
        ],
        name=HOSTILE,
        base_url=f"http://h/{HOSTILE}",
        version=HOSTILE,
        provider="textflow",
    )
    return compare(old, new)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_schema_knows_the_words_of_the_code() -> None:
    defined = SCHEMA["$defs"]
    assert defined["clause_change"]["properties"]["change"]["enum"] == list(CLAUSE_CHANGES) == list(TITLES)
    assert defined["answer_change"]["properties"]["change"]["enum"] == list(ANSWER_CHANGES)
    assert defined["record"]["properties"]["verdict"]["enum"] == list(VERDICTS)


@pytest.mark.parametrize("make", [everything, hostile, lambda: compare(run(), run(exchanges=None))], ids=range(3))
def test_json_is_valid_against_its_schema(make: Any) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(to_json(make())))


def test_json_tells_every_kind_of_change() -> None:
    data = json.loads(to_json(everything()))
    assert [item["change"] for item in data["clauses"]] == list(CLAUSE_CHANGES)
    assert {item["change"] for item in data["answers"]} == {"status", "appeared", "type_changed"}
    assert [(item["status"], item["family"]) for item in data["latency"]["groups"] if item["told"]] == [(401, None)]
    assert (data["changed"], data["exit_code"]) == (True, 1)


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_every_change_is_told(form: str) -> None:
    text = REPORTS[form](everything())
    shown = Page(text).text if form == "html" else text.replace("\\", "")
    for title in TITLES.values():
        assert title in shown
    for told in (
        "tf.a.regressed",
        "tf.a.retired",
        "waived: known",
        "/extra",
        "200",
        "201",
        "answers 401",
        "seed",
        CURL,
    ):
        assert told in shown, told


@pytest.mark.parametrize("form", REPORTS)
def test_nothing_changed_is_one_line_with_how_much_was_compared(form: str) -> None:
    found = compare(run(exchanges=many(20)), run(exchanges=many(20)))
    text = REPORTS[form](found)
    line = (
        "Nothing changed: 1 clauses, 20 cases of both runs (20 and 20 exchanges) and 3 groups of times compared; exit 0"
    )
    assert line in text.replace("\\", "")
    if form == "terminal":
        assert text == f"{line}\n"


def test_runs_without_exchanges_say_what_was_not_compared() -> None:
    found = compare(run(exchanges=None), run())
    assert "Nothing changed: 1 clauses compared, answers and times were not; exit 0" in printed(found)
    assert printed(found).startswith("! exchanges: none → 1.")


def test_family_and_all_answers_are_named_as_such() -> None:
    quick = many(60, {}, status=400, family="numbers")
    some = [exchange(f"{name}.{n}", elapsed_ms=5) for n in range(30) for name in ("texts", "media")]
    slower = [
        exchange(f"{name}.{n}", elapsed_ms=60 if name == "texts" else 5)
        for n in range(30)
        for name in ("texts", "media")
    ]
    assert "answers 200 to texts take about 55 ms longer: half of them within 5 ms before, within 60 ms now" in printed(
        compare(run(exchanges=quick + some), run(exchanges=quick + slower))
    )
    figures = "answers 200 to texts: +55 ms, 99% interval +55 to +55 ms; × 12; n = 30 and 30."
    page = Page(to_page(compare(run(exchanges=quick + some), run(exchanges=quick + slower))))
    assert figures in page.text
    assert [tag for tag, _ in page.tags].count("details") == 1
    faster = [exchange(f"texts.{n}", elapsed_ms=500) for n in range(60)]
    assert "all answers take about 495 ms less: half of them within 500 ms before, within 5 ms now" in printed(
        compare(run(exchanges=faster), run(exchanges=[replace(item, elapsed_ms=5) for item in faster]))
    )


@pytest.mark.parametrize("form", REPORTS)
def test_every_form_says_whether_to_act(form: str) -> None:
    text = REPORTS[form](everything())
    shown = Page(text).text if form == "html" else text.replace("\\", "")
    assert "Act: tf.a.regressed, tf.a.fails-now, tf.a.lost are broken now, or not shown any more." in shown
    assert "Now kept: tf.a.fixed." in shown
    assert "Answers 401 take about 95 ms longer: look at your timeouts." in shown


def test_what_no_promise_speaks_of_asks_for_action_only_of_those_who_rely_on_it() -> None:
    sides = (
        record(OPEN, "observed", claim="The form of `id`.", observation=value) for value in ("m_<letters>", "a UUID")
    )
    told = advice(compare(*(run(side) for side in sides)))
    assert told == (
        "No promise is newly broken. Act only if you rely on this: the form of `id`, from m_… (letters) to a UUID."
    )


def test_new_clause_that_fails_is_named() -> None:
    told = advice(compare(run(record()), run(record(), record("tf.a.new", "fail"))))
    assert told.endswith("Look at what the old run did not ask, or asked otherwise, and is broken: tf.a.new.")


def test_waiver_of_what_is_kept_again_can_go() -> None:
    told = advice(compare(run(record(verdict="fail", waiver="known")), run(record())))
    assert told == "No promise is newly broken. Now kept: tf.auth.missing-key: their waivers can go."


def test_nothing_changed_asks_for_nothing() -> None:
    assert advice(compare(run(), run())) == ""


def test_expected_stands_beside_observed() -> None:
    found = compare(run(record()), run(record(verdict="fail", expected="a 4xx", observed="201")))
    assert "expected a 4xx, observed 201" in printed(found)
    assert "expected a 4xx, observed 201" in to_markdown(found).replace("\\", "")


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_differences_come_before_the_changes(form: str) -> None:
    text = REPORTS[form](everything())
    assert text.index("seed") < text.index("tf.a.regressed")


@pytest.mark.parametrize("form", REPORTS)
def test_hostile_text_is_made_visible(form: str) -> None:
    text = REPORTS[form](hostile())
    assert not UNSEEN.search(text)
    assert r"\u202e" in text
    assert LONG[:20_000] not in text


def test_hostile_text_makes_no_markup_in_a_page() -> None:
    page = Page(to_page(hostile()))
    assert {tag for tag, _ in page.tags} <= OURS
    assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text


def test_hostile_text_makes_no_markup_in_markdown() -> None:
    text = re.sub(r"(?ms)^(`{3,})sh\n.*?^\1$", "", to_markdown(hostile()))
    assert not [line for line in text.splitlines() if line.startswith("# ")]
    prose = re.sub(r"(`+).*?\1", "", text)
    assert "<script" not in prose
    assert "<img" not in prose


def test_page_names_its_parts_once() -> None:
    ids = [given["id"] for _, given in Page(to_page(everything())).tags if "id" in given]
    assert len(ids) == len(set(ids))
    targets = {given["href"][1:] for tag, given in Page(to_page(everything())).tags if tag == "a"}
    assert targets <= set(ids)


def test_page_draws_both_distributions_with_their_figures() -> None:
    page = Page(to_page(everything()))
    [(_, plot)] = [(tag, given) for tag, given in page.tags if tag == "svg"]
    assert plot["role"] == "img"
    assert "old: 30 times, median 5 ms" in plot["aria-label"]
    assert "new: 30 times, median 100 ms" in plot["aria-label"]


def test_long_command_stands_in_the_results_alone() -> None:
    found = compare(run(record()), run(record(verdict="fail", reproduce="curl " + LONG)))
    for form in ("terminal", "markdown", "html"):
        assert "stands in" in REPORTS[form](found)
        assert "results.json" in REPORTS[form](found)


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_many_changes_are_cut_and_counted(form: str) -> None:
    names = [f"tf.a.c{n}" for n in range(300)]
    old = run(*(record(name) for name in names), exchanges=many(3, {f"f{n}": 1 for n in range(300)}))
    new = run(*(record(name, "fail") for name in names), exchanges=many(3, {}))
    more = {"terminal": "260", "markdown": "270", "html": "100"}[form]
    assert len(re.findall(rf"[Aa]nd {more} more, listed in JSON", REPORTS[form](compare(old, new)))) == 2


def test_change_in_the_evidence_of_a_clause_is_told_with_it() -> None:
    other = record("tf.a.other", "fail", evidence=["x1"])
    old = run(record(), record("tf.a.other"), exchanges=[*many(20), exchange("a.b", 400, identity="x99")])
    answered = [*many(20), exchange("a.b", 200, identity="x99")]
    new = run(record(verdict="fail", evidence=["x99"]), other, exchanges=answered)
    for form in ("terminal", "markdown", "html"):
        assert REPORTS[form](compare(old, new)).replace("\\", "").count("in its answers: status 400 → 200") == 1


def test_what_was_seen_too_seldom_is_told_apart() -> None:
    found = compare(
        run(exchanges=many(20)), run(exchanges=[*many(19), exchange("texts.19", body={**ACCEPTED, "a": 1})])
    )
    assert "Seen too seldom to tell: 1 in the answers, listed in JSON." in printed(found)
    assert "Seen too seldom to tell" in to_markdown(found)
    assert "Seen too seldom to tell" in Page(to_page(found)).text
    assert [item["place"] for item in json.loads(to_json(found))["uncertain"]] == ["/a"]


@pytest.mark.slow
def test_five_thousand_exchanges_are_compared_in_no_time() -> None:
    body = {**ACCEPTED, "data": {f"field{n}": "x" * 50 for n in range(20)}}
    old = [exchange(f"f{n % 40}.{n}", 200 + n % 3, body, identity=f"x{n}", elapsed_ms=n % 17 + 1) for n in range(5000)]
    began = time.process_time()
    found = compare(run(exchanges=old), run(exchanges=old))
    pages = [write(found) for write in REPORTS.values()]
    # A second on an idle machine.
    assert time.process_time() - began < 15
    assert max(map(len, pages)) < 1_000_000
