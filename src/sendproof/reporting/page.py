"""`report.html`: what pytest-html gathers of a session, drawn as the page of the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_html.report_data import ReportData
from pytest_html.selfcontained_report import SelfContainedReport

from sendproof.contract.model import Contract
from sendproof.reporting.pages.run import page_values, run_page
from sendproof.reporting.record import Run


class Page(SelfContainedReport):  # type: ignore[misc]  # pytest-html has no types
    """pytest-html's report of a session, with a template of our own.

    pytest-html's template puts cells and logs into the page through innerHTML; this one is made
    whole by Jinja, and needs no script to be read. `run` returns the judged run, or None where
    nothing was asked: then no page is written.
    """

    def __init__(self, path: Path, config: pytest.Config, run: Callable[[], Run | None], contract: Contract) -> None:
        super().__init__(str(path), config, ReportData(config), self, "")
        self._run, self._contract = run, contract

    def render(self, *, test_data: str, version: str, **_: Any) -> str:
        """Return the page, as a template of pytest-html would."""
        run = self._run()
        assert run is not None, "a page is written of a run"
        made_by = f"Drawn from pytest-html {version}."
        return run_page(run, self._contract, page_values(json.loads(test_data)), made_by)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page, after the run was judged."""
        if self._run() is not None:
            super().pytest_sessionfinish(session)

    def pytest_terminal_summary(self) -> None:
        """Say nothing: what is printed of a run names its page."""
