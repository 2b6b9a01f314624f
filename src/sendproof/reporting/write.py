"""All files of a run."""

from __future__ import annotations

from pathlib import Path

from sendproof.contract.model import Contract
from sendproof.judge.verdicts import FAIL
from sendproof.reporting.badge import to_svg
from sendproof.reporting.junit import write_junit
from sendproof.reporting.record import Run
from sendproof.reporting.results import write_results
from sendproof.reporting.sarif import write_sarif
from sendproof.reporting.summary import to_markdown
from sendproof.target.har import to_har


def write_reports(run: Run, contract: Contract, folder: Path, *, of_pytest: Path | None = None) -> None:
    """Write the files of a run into `folder`, all but the page.

    `of_pytest` is the JUnit file that pytest wrote in this session, `junit.xml` in `folder` or
    another: tests of it that are no clause go into `junit.xml`. None where pytest wrote none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_results(run, contract.provider, folder / "results.json")
    failed = frozenset(name for item in run.verdicts if item.verdict == FAIL for name in item.evidence)
    to_har(run.exchanges, folder / "exchanges.har", base_url=run.base_url, evidence=failed)
    write_junit(run, contract.provider, folder / "junit.xml", of_pytest)
    write_sarif(run, contract, folder / "sendproof.sarif")
    (folder / "summary.md").write_text(to_markdown(run, contract.provider), "utf-8")
    (folder / "badge.svg").write_text(to_svg(run), "utf-8")
