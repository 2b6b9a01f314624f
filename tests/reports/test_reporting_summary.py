from __future__ import annotations

import re

import pytest

from sendproof.judge.verdicts import FAIL, ReasonCode, Verdict
from sendproof.reports import run_view
from sendproof.reports.summary import to_markdown
from sendproof.reports.text import is_plain

from .support import UNJUDGED, changed, clause, contract, exchange, green_verdicts, hostile_run, run_of, verdict

PROVIDER = contract().provider


@pytest.mark.parametrize("name", ["textflow", "textingline"])
def test_summary_of_a_green_run_is_short(name: str) -> None:
    text = to_markdown(run_of(provider=name), contract(name).provider)
    assert len(text.splitlines()) < 60
    assert text.startswith("**Holds.** ")
    assert "every required clause that was asked holds" in text


def test_summary_of_a_failed_preflight_is_its_cause() -> None:
    text = to_markdown(run_of(**UNJUDGED), PROVIDER)
    assert text.startswith("**Undecided.** TextFlow (mock)\\: nothing was judged\\: answered 401;")
    assert len(text.splitlines()) == 1


def test_summary_counts_by_concern() -> None:
    text = to_markdown(run_of(changed(verdict("tf.auth.missing-key"))), PROVIDER)
    assert "| concern | pass | fail | observed | inconclusive | not exercised | error |" in text
    assert "| auth | 11 | 1 | 1 | · | 2 | · |" in text


def test_summary_shows_a_broken_clause() -> None:
    text = to_markdown(run_of(changed(verdict("tf.auth.missing-key"))), PROVIDER)
    assert text.startswith("**Fails.** TextFlow (mock)\\: 1 required clause is broken;")
    assert (
        "## Broken required clauses\n\n### `tf.auth.missing-key`\n\nA request without a key is refused.\n\n"
        "- expected: `a 4xx`\n- observed: `201`\n- evidence: `x1` (1 of 3 exchanges)\n\n```sh\ncurl " in text
    )


def test_summary_shows_recommended_inconclusive_errors_and_waivers() -> None:
    run = run_of(
        changed(
            verdict("tf.auth.key-elsewhere"),
            verdict("tf.auth.empty-key", "inconclusive", reason=ReasonCode.THROTTLED),
            verdict("tf.auth.key-case", "error", detail="lost"),
        ),
        waived={"tf.auth.key-elsewhere": "until May"},
        waiver_errors=("waivers.toml: expired",),
    )
    text = to_markdown(run, PROVIDER)
    assert "## Broken recommended clauses" in text
    assert "- waived: until May" in text
    assert "## Inconclusive\n\n- throttled: `tf.auth.empty-key`" in text
    assert "## Errors\n\n- lost: `tf.auth.key-case`" in text
    assert "- waiver: `waivers.toml: expired`" in text


def test_summary_names_the_fixture_that_is_missing() -> None:
    text = to_markdown(run_of(provider="textingline"), contract("textingline").provider)
    assert "- no\\_fixture\\: the profile has no fixtures.failing\\_recipients.opted\\_out: `tl." in text


def test_summary_shortens_long_lists() -> None:
    verdicts = {
        identity: Verdict(clause=item.clause, verdict=FAIL, violated=1, expected="a", observed="b", evidence=("x1",))
        for identity, item in green_verdicts().items()
        if item.clause.level == "required"
    }
    text = to_markdown(run_of(verdicts), PROVIDER)
    assert text.count("\n### ") == 30
    assert re.search(r"\nAlso: `tf\..*, and 41 more\.\n", text)


def test_summary_leaves_a_very_long_command_out() -> None:
    body = b"".join(index.to_bytes(4, "big") for index in range(3000))
    text = to_markdown(run_of(changed(verdict("tf.auth.missing-key")), exchanges=(exchange(body),)), PROVIDER)
    assert "The command stands in `results.json`." in text


def test_summary_shows_only_what_there_is() -> None:
    only = (verdict("tf.auth.missing-key"),)
    text = to_markdown(run_of(verdicts=only, exchanges=()), PROVIDER)
    assert text.endswith("- evidence: `x1` (1 of 3 exchanges)\n")


def outside_of_code(text: str) -> str:
    """What Markdown would interpret: without fenced blocks and code spans."""
    without_blocks = re.sub(r"(?ms)^(`{3,})sh\n.*?\n\1$", "", text)
    return re.sub(r"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)", "", without_blocks)


def test_summary_shows_hostile_text_as_text() -> None:
    text = to_markdown(hostile_run(), PROVIDER)
    assert all(is_plain(line) for line in text.splitlines())
    rest = outside_of_code(text)
    assert set(re.findall(r"<[^>]*>", rest)) == {"<details>", "</details>", "<br>", "<summary>", "</summary>"}
    assert not re.search(r"https?://|(?<!\\)@|(?<!\\)\[|(?<!\\)`", rest)
    assert [line for line in rest.splitlines() if line.startswith("#")] == [
        "## Broken required clauses",
        "### ",
        "## Broken recommended clauses",
        "### ",
        "## Errors",
        "## Inconclusive",
        "## Not exercised",
    ]
    assert clause().id in text


@pytest.mark.parametrize(
    ("complete", "left_out", "said"),
    [
        (True, 0, "complete"),
        (True, 1, "complete, 1 optional question left out for the budget"),
        (True, 7, "complete, 7 optional questions left out for the budget"),
        (False, 7, "not complete: 7 questions left out for the budget, required ones among them"),
        (False, 0, "not complete: it was broken off"),
    ],
)
def test_completeness_is_said_in_the_same_words(complete: bool, left_out: int, said: str) -> None:
    assert run_view.completeness(complete=complete, left_out=left_out) == said
    assert any(said in item for item in run_view.remarks(run_of(complete=complete, left_out=left_out))) is bool(
        left_out
    )
