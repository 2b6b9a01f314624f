from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import pytest

from sendproof.judge.verdicts import FAIL, Verdict
from sendproof.reports.html import extras, properties, table_header, table_row
from sendproof.reports.text import is_plain, visible

from .support import HOSTILE, clause, verdict

CELLS = ["result", "test", "duration", "links"]


@dataclass
class Report:
    """What is read of a report."""

    user_properties: list[tuple[str, object]] = field(default_factory=list)


def hostile() -> Verdict:
    return Verdict(
        clause=clause(),
        verdict=FAIL,
        detail=HOSTILE,
        expected=HOSTILE,
        observed=HOSTILE,
        observation=HOSTILE,
        evidence=("x1", HOSTILE),
    )


def row(*pairs: tuple[str, object]) -> list[str]:
    cells = list(CELLS)
    table_row(Report(list(pairs)), cells)
    return cells


def test_properties_are_pairs_of_text() -> None:
    assert properties(verdict("tf.auth.missing-key"), "curl x") == [
        ("clause", "tf.auth.missing-key"),
        ("concern", "auth"),
        ("level", "required"),
        ("verdict", "fail"),
        ("claim", "A request without a key is refused."),
        ("expected", "a 4xx"),
        ("observed", "201"),
        ("reproduce", "curl x"),
    ]


def test_properties_can_be_carried_anywhere() -> None:
    assert all(is_plain(value) for _, value in properties(hostile(), "curl " + HOSTILE))


def test_properties_leave_a_very_long_command_out() -> None:
    assert dict(properties(hostile(), "x" * 20_000))["reproduce"].startswith("too long")


def test_header_and_row_have_the_same_columns() -> None:
    head = list(CELLS)
    table_header(head)
    assert [re.sub("<.*?>", "", cell) for cell in head] == [*CELLS[:2], "Verdict", "Level", "Claim", *CELLS[2:]]
    assert len(row()) == len(head)


@pytest.mark.parametrize(
    ("pairs", "shown"),
    [
        ([("verdict", "pass")], "pass"),
        ([("verdict", "observed"), ("observation", "401")], "observed: 401"),
        ([("verdict", "inconclusive"), ("reason", "throttled")], "inconclusive: throttled"),
        ([("verdict", 1)], ""),
    ],
)
def test_row_shows_the_verdict_in_detail(pairs: list[tuple[str, object]], shown: str) -> None:
    assert row(*pairs)[2] == f'<td class="col-verdict">{shown}</td>'


def test_row_is_escaped() -> None:
    cells = row(("verdict", "fail"), ("reason", HOSTILE), ("level", HOSTILE), ("claim", HOSTILE))[2:5]
    for cell in cells:
        assert re.fullmatch(r'<td class="col-\w+">[^<>]*</td>', cell)
        assert visible(HOSTILE, None) in unescape(cell)


def test_extras_show_the_evidence() -> None:
    (extra,) = extras(verdict("tf.auth.missing-key"), "curl -H 'a'")
    assert extra["format_type"] == "html"
    assert extra["content"] == (
        "<dl><dt>Expected</dt><dd>a 4xx</dd><dt>Observed</dt><dd>201</dd><dt>Evidence</dt><dd>x1</dd></dl>"
        "<pre>curl -H &#39;a&#39;</pre>"
    )


def test_extras_are_escaped() -> None:
    (extra,) = extras(hostile(), "curl " + HOSTILE)
    tags = set(re.findall(r"<[^>]*>", extra["content"]))
    assert tags == {f"<{slash}{name}>" for name in ("dl", "dt", "dd", "pre") for slash in ("", "/")}
    assert is_plain(extra["content"])


def test_extras_are_empty_without_anything_to_show() -> None:
    assert extras(verdict("tf.auth.missing-key", "not_applicable"), None) == []


def test_page_of_pytest_html_shows_hostile_text_as_text(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from sendproof.contract.model import load_contract
        from sendproof.judge.verdicts import Verdict
        from sendproof.reports import html

        TEXT = "<script>alert(1)</script>"

        def pytest_html_results_table_header(cells):
            html.table_header(cells)

        def pytest_html_results_table_row(report, cells):
            html.table_row(report, cells)

        @pytest.fixture
        def found(request):
            clause = load_contract("textflow").clauses["tf.auth.missing-key"]
            verdict = Verdict(clause=clause, verdict="fail", detail=TEXT, expected=TEXT, observed=TEXT)
            request.node.user_properties.extend(html.properties(verdict, TEXT))
            request.node.stash["extras"] = html.extras(verdict, TEXT)

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item):
            report = yield
            report.extras = item.stash.get("extras", []) if report.when == "call" else []
            return report
        """
    )
    pytester.makepyfile("def test_it(found): pass")
    arguments = ["-p", "no:sendproof.plugin", "--html=page.html", "--self-contained-html", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:xdist"]
    pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=1)
    page = Path("page.html").read_text("utf-8")
    found = re.search(r'data-jsonblob="(.*?)"', page)
    assert found is not None
    (test,) = next(iter(json.loads(unescape(found[1]))["tests"].values()))
    shown = json.dumps([test["resultsTableRow"], test["extras"]])
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 5
    assert "<script>" not in shown
