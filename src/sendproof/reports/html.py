"""What the pytest plugin adds to the page of pytest-html.

The data of a clause travel on `report.user_properties`, so that a worker of xdist can make
them. pytest-html sets its cells and extras through innerHTML: all is escaped here, by Jinja.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

import jinja2
import pytest
import pytest_html
from pytest_html import extras as pytest_html_extras
from pytest_html.report_data import ReportData
from pytest_html.selfcontained_report import SelfContainedReport

from sendproof.contract.model import Contract
from sendproof.judge.verdicts import Verdict
from sendproof.reports.pages.run import page_values, run_page
from sendproof.reports.run_view import Run
from sendproof.reports.text import visible

_LONGEST_TEXT = 2000
_LONGEST_COMMAND = 16_000
_TOO_LONG = "too long for this page: it stands in results.json"
# The new columns stand after "Result" and "Test".
_AT = 2
_HEADS = (
    '<th class="sortable" data-column-type="verdict">Verdict</th>',
    '<th class="sortable" data-column-type="level">Level</th>',
    "<th>Claim</th>",
)
_PAGE = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
_CELL = _PAGE.from_string('<td class="col-{{ column }}">{{ text }}</td>')
_EXTRA = _PAGE.from_string(
    "<dl>{% for name, text in rows %}<dt>{{ name }}</dt><dd>{{ text }}</dd>{% endfor %}</dl>"
    "{% if command %}<pre>{{ command }}</pre>{% endif %}"
)


class Report(Protocol):
    """What is read of pytest's report of one item."""

    @property
    def user_properties(self) -> Iterable[tuple[str, object]]:
        """Pairs of a name and a value."""


def properties(verdict: Verdict, reproduce: str | None) -> list[tuple[str, str]]:
    """Return what pytest's report carries of a verdict; what is not there is left out."""
    clause = verdict.clause
    given = (
        ("clause", clause.id),
        ("concern", clause.concern),
        ("level", clause.level),
        ("verdict", verdict.verdict),
        ("claim", clause.claim),
        ("expected", verdict.expected),
        ("observed", verdict.observed),
        ("reproduce", _command(reproduce)),
        ("reason", verdict.reason),
        ("detail", verdict.detail),
        ("observation", verdict.observation),
    )
    return [(name, _text(name, value)) for name, value in given if value is not None]


def _text(name: str, value: str) -> str:
    # A code of an enumeration does not travel between workers.
    return visible(str(value), None if name == "reproduce" else _LONGEST_TEXT)


def _command(reproduce: str | None) -> str | None:
    return reproduce if reproduce is None or len(reproduce) <= _LONGEST_COMMAND else _TOO_LONG


def table_header(cells: list[str]) -> None:
    """Add the columns Verdict, Level and Claim (hook `pytest_html_results_table_header`)."""
    cells[_AT:_AT] = _HEADS


def table_row(report: Report, cells: list[str]) -> None:
    """Add a clause's verdict in detail, its level and claim (hook `pytest_html_results_table_row`).

    An item that is no clause gets empty cells.
    """
    given = {name: value for name, value in report.user_properties if isinstance(value, str)}
    detail = given.get("observation") or given.get("detail") or given.get("reason")
    verdict = given.get("verdict", "")
    cells[_AT:_AT] = (
        _cell("verdict", f"{verdict}: {detail}" if detail else verdict),
        _cell("level", given.get("level", "")),
        _cell("claim", given.get("claim", "")),
    )


def _cell(column: str, text: str) -> str:
    return _CELL.render(column=column, text=visible(text, _LONGEST_TEXT))


def extras(verdict: Verdict, reproduce: str | None) -> list[dict[str, Any]]:
    """Return what the page shows below a clause's row: expected, observed, evidence, the curl command.

    The list is for `report.extras`; it is empty where there is nothing to show.
    """
    given = (
        ("Expected", verdict.expected),
        ("Observed", verdict.observed),
        ("Observation", verdict.observation),
        ("Reason", verdict.reason),
        ("Detail", verdict.detail),
        ("Suspects", ", ".join(verdict.suspects) or None),
        ("Evidence", ", ".join(verdict.evidence) or None),
    )
    rows = [(name, visible(text, _LONGEST_TEXT)) for name, text in given if text is not None]
    command = visible(_command(reproduce) or "", None)
    if not rows and not command:
        return []
    return [pytest_html_extras.html(_EXTRA.render(rows=rows, command=command))]


class Page(SelfContainedReport):  # type: ignore[misc]  # pytest-html has no types
    """pytest-html's report of a session, with a template of our own.

    pytest-html's template puts cells and logs into the page through innerHTML; this one is made
    whole by Jinja, and needs no script to be read. `scratch` is a path that may be made and forgotten.
    """

    def __init__(self, scratch: str, config: pytest.Config) -> None:
        self._data = ReportData(config)
        super().__init__(scratch, config, self._data, None, "")

    def text(self, run: Run, contract: Contract) -> str:
        """Return the page of a run, with the tests of the session that are no clause."""
        tests = page_values(json.loads(json.dumps(self._data.data)))
        return run_page(run, contract, tests, f"Drawn from pytest-html {pytest_html.__version__}.")

    def pytest_sessionfinish(self) -> None:
        """Write nothing yet: the page tells the exit code, which is known when everything else has ended."""

    def pytest_terminal_summary(self) -> None:
        """Say nothing: what is printed of a run names its page."""
