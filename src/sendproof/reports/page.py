"""`report.html`: what pytest-html gathers of a session, drawn as the page of the run."""

from __future__ import annotations

import json

import pytest
import pytest_html
from pytest_html.report_data import ReportData
from pytest_html.selfcontained_report import SelfContainedReport

from sendproof.contract.model import Contract
from sendproof.reports.pages.run import page_values, run_page
from sendproof.reports.record import Run


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
