from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from sendproof.exchange import Response
from sendproof.judge.verdicts import Verdict
from sendproof.reports.pages.run import MOST_EXCHANGES, Coverage, coverage, page_values, run_page
from sendproof.reports.pages.run import Test as Item
from tests.reports.support import (
    HOSTILE,
    UNJUDGED,
    changed,
    contract,
    exchange,
    hostile_run,
    judgement,
    run_of,
    verdict,
)


class Reader(HTMLParser):
    """Reads a page: its texts without script and style, its tags, its headings in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._silent = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [given for name, given in self.tags if name == tag]


def page_of(run: Any = None, **facts: Any) -> Reader:
    return Reader(run_page(run or run_of(**facts), contract()))


def broken(**facts: Any) -> Verdict:
    return verdict("tf.auth.missing-key", **facts)


def test_green_page_says_that_it_holds_and_of_how_much() -> None:
    text = page_of().text
    assert "Holds: every required clause that was asked holds" in text
    assert "None was seen." in text
    assert "exit code 0" in text


def test_failure_is_shown_with_claim_source_difference_and_command() -> None:
    text = page_of(changed=changed(broken())).text
    card = text[text.index("Broken promises (1)") :]
    for part in (
        "A request without a key is refused.",
        "tf.auth.missing-key required auth",
        "textflow-send-sms, “Error responses”",
        "Expected a 4xx Observed 201",
        "1 of 3 exchanges contradict it",
        "curl -sS -i -X POST http://127.0.0.1:8080/api/v1/messages/send",
        "POST /api/v1/messages/send",
    ):
        assert part in card
        card = card[card.index(part) :]


def test_failure_stands_before_coverage_and_observations() -> None:
    text = page_of(changed=changed(broken())).text
    assert text.index("Broken promises") < text.index("Coverage") < text.index("Observed where")


def test_failures_that_gate_stand_before_those_that_do_not() -> None:
    recommended, required = "tf.auth.key-elsewhere", "tf.responses.success"
    text = page_of(changed=changed(verdict(recommended), verdict(required))).text
    assert text.index(required) < text.index(recommended)


def test_waived_failure_says_why() -> None:
    text = page_of(changed=changed(broken()), waived={"tf.auth.missing-key": "agreed with the vendor"}).text
    assert "waived Promised in" in text
    assert "Waived agreed with the vendor" in text


def test_command_names_its_variables() -> None:
    exchanges = (exchange(b'{"message": "it costs $HOME"}'),)
    text = page_of(changed=changed(broken()), exchanges=exchanges).text
    assert "with TEXTFLOW_API_KEY set" in text
    assert "HOME set" not in text


def test_long_command_is_left_to_the_results() -> None:
    body = b" ".join(str(number).encode() for number in range(4000))
    text = page_of(changed=changed(broken()), exchanges=(exchange(body),)).text
    assert "it stands in results.json" in text


def test_not_exercised_names_the_fixture() -> None:
    text = page_of().text
    assert "fixtures.inactive_key in the profile tf.auth.inactive-key" in text


def test_observations_show_question_and_value() -> None:
    text = page_of().text
    assert "Which status code refuses a credential. tf.auth.refusal-status 400" in text


def test_latency_is_drawn_and_told_by_outcome() -> None:
    page = page_of(judgements=(judgement("accepted", 0.010), judgement("refused", 0.020)))
    (plot,) = [given for given in page.named("svg") if given.get("role") == "img"]
    assert "accepted: 1 times, median 10.0 ms" in str(plot["aria-label"])
    assert "accepted 1 10.0 10.0 10.0 10.0" in page.text


def test_run_that_was_broken_off_says_why_and_keeps_what_it_found() -> None:
    text = page_of(environment_error="no connection: refused").text
    assert "Undecided" in text
    assert "The run was broken off: no connection: refused" in text
    assert "Coverage" in text


def test_failed_preflight_shows_its_cause_and_the_last_answers_alone() -> None:
    text = page_of(**UNJUDGED).text
    assert "nothing was judged: answered 401" in text
    assert "What was asked last, and answered" in text
    for left_out in ("Coverage", "Every clause", "Not exercised", "Broken promises"):
        assert left_out not in text


def test_failed_preflight_keeps_what_else_is_to_be_read() -> None:
    run = run_of(**UNJUDGED, waiver_errors=("tf.x is unknown",))
    text = Reader(run_page(run, contract(), [Item(name="own", outcome="Failed", log="why")])).text
    assert "Waivers to mend tf.x is unknown" in text
    assert "Other tests of this session" in text


def test_every_clause_has_a_row_that_the_filters_can_find() -> None:
    rows = [given for given in page_of().named("tr") if "data-row" in given]
    assert {given["id"] for given in rows} == set(contract().clauses)
    assert all(given["data-concern"] and given["data-level"] and given["data-verdict"] for given in rows)


def test_every_link_of_the_page_leads_to_something_on_it() -> None:
    page = page_of(changed=changed(broken(evidence=("x1", "x2")), verdict("tf.auth.empty-key", "inconclusive")))
    ids = {given.get("id") for _, given in page.tags}
    links = [given["href"] for given in page.named("a")]
    assert links
    assert {str(link)[1:] for link in links} <= ids


def test_page_loads_nothing_and_runs_its_own_script_only() -> None:
    page = page_of(hostile_run())
    assert [given for given in page.named("script") if given] == []
    assert len(page.named("script")) == 1
    assert not any(name in given for _, given in page.tags for name in ("src", "srcset", "onerror", "onload", "style"))
    assert page.named("link") == page.named("img") == page.named("iframe") == []
    (policy,) = [given for given in page.named("meta") if given.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in str(policy["content"])


def test_hostile_text_is_shown_and_is_never_markup() -> None:
    page = page_of(hostile_run())
    assert "<script>alert(1)</script>" in page.text
    assert all(text.replace("\n", "").isprintable() for text in page.texts)


def test_texts_of_a_megabyte_leave_the_page_small() -> None:
    huge = "<b>" * 400_000
    long = changed(
        broken(observed=huge, expected=huge), verdict("tf.auth.refusal-status", "observed", observation=huge)
    )
    answered = replace(
        exchange(huge.encode()), response=Response(status=200, headers=(("X", huge),), body=huge.encode())
    )
    page = run_page(run_of(changed=long, exchanges=(answered,), base_url=f"http://127.0.0.1/{huge}"), contract())
    assert len(page) < 500_000


def test_page_shows_so_many_exchanges_and_tells_of_the_others() -> None:
    exchanges = tuple(exchange(identity=f"x{number}") for number in range(1000))
    many = changed(broken(evidence=tuple(item.id for item in exchanges)))
    page = page_of(changed=many, exchanges=exchanges)
    assert f"Evidence ({MOST_EXCHANGES} of 1000 exchanges)" in page.text


@pytest.mark.parametrize(
    ("verdicts", "counted"),
    [
        (("pass", "fail", "not_exercised", "not_applicable"), Coverage(passed=1, exercised=2, applicable=3, failed=1)),
        (("observed", "inconclusive"), Coverage(passed=1, exercised=2, applicable=2, failed=0)),
        (("not_applicable",), Coverage(passed=0, exercised=0, applicable=0, failed=0)),
    ],
    ids=str,
)
def test_coverage_keeps_passed_exercised_and_applicable_apart(verdicts: tuple[str, ...], counted: Coverage) -> None:
    assert coverage(verdict("tf.auth.missing-key", kind) for kind in verdicts) == counted


def test_tests_that_are_no_clauses_are_shown_with_their_log() -> None:
    data = {
        "tests": {
            "a": [{"testId": "test_own.py::test_mine", "result": "Failed", "log": "assert <b>1</b> == 2\n"}],
            "b": [{"testId": "suites::tf.auth.valid-key", "result": "Passed", "log": "", "verdict": "pass"}],
        }
    }
    tests = page_values(data)
    assert [test.name for test in tests] == ["test_own.py::test_mine"]
    text = Reader(run_page(run_of(), contract(), tests)).text
    assert "Failed: test_own.py::test_mine assert <b>1</b> == 2" in text
    assert HOSTILE not in text
