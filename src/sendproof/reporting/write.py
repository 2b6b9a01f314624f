"""All files of a run."""

from __future__ import annotations

from pathlib import Path

from sendproof.contract.model import Contract
from sendproof.reporting.record import Run
from sendproof.reporting.results import write_results
from sendproof.reporting.summary import to_markdown
from sendproof.target.har import to_har


def write_reports(run: Run, contract: Contract, folder: Path) -> None:
    """Write `results.json`, `exchanges.har` and `summary.md` into `folder`.

    pytest writes `junit.xml` and `report.html` beside them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_results(run, contract.provider, folder / "results.json")
    to_har(run.exchanges, folder / "exchanges.har", base_url=run.base_url)
    (folder / "summary.md").write_text(to_markdown(run, contract.provider), "utf-8")
