"""All files of a run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from sendproof.contract.model import Contract
from sendproof.errors import MachineError, UsageError
from sendproof.judge.verdicts import FAIL
from sendproof.reports.badge import to_svg
from sendproof.reports.har import to_har
from sendproof.reports.junit import write_junit
from sendproof.reports.record import Run
from sendproof.reports.results import write_results
from sendproof.reports.sarif import write_sarif
from sendproof.reports.sent import write_sent
from sendproof.reports.summary import to_markdown

FILES = (
    "results.json",
    "exchanges.har",
    "report.html",
    "junit.xml",
    "sendproof.sarif",
    "summary.md",
    "badge.svg",
    "sent.csv",
)
"""The names of all files of a run."""
# More than the largest file of an ordinary run: a disk with less is full before the run has ended.
_PROBE_BYTES = 1 << 20


def prepare_folder(folder: Path) -> None:
    """Make a folder ready for the files of a run: what an earlier run left is removed, each name is tried.

    UsageError where something cannot be written there, MachineError where the disk is full. So no message
    is sent whose verdict would be lost.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
            (folder / name).touch()
            (folder / name).unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"{error.filename or folder}: expected a file that can be written, got {reason!r}. "
            "Name another folder with --report-dir. Nothing was sent."
        ) from error
    check_room(folder, "--report-dir names another folder")


def check_room(folder: Path, advice: str) -> None:
    """Raise MachineError where a folder has no room for the files of an ordinary run; nothing is left in it."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MachineError(
            f"{folder}: expected room for {_PROBE_BYTES >> 20} MiB, got {reason!r}. Free the disk; {advice}. "
            "Nothing was sent."
        ) from error


def write_reports(
    run: Run, contract: Contract, folder: Path, *, page: str | None = None, of_pytest: Path | None = None
) -> tuple[OSError, ...]:
    """Write the files of a run into `folder`, each whole or not at all, and return what kept any from it.

    `page` is `report.html`, None where there is none. `of_pytest` is the JUnit file that pytest wrote in this
    session: tests of it that are no clause go into `junit.xml`.
    """
    provider = contract.provider
    failed = frozenset(name for item in run.verdicts if item.verdict == FAIL for name in item.evidence)
    writers: Mapping[str, Callable[[Path], object]] = {
        "exchanges.har": lambda path: to_har(run.exchanges, path, base_url=run.base_url, evidence=failed),
        "junit.xml": lambda path: write_junit(run, provider, path, of_pytest),
        "sendproof.sarif": lambda path: write_sarif(run, contract, path),
        "summary.md": lambda path: path.write_text(to_markdown(run, provider), "utf-8"),
        "badge.svg": lambda path: path.write_text(to_svg(run), "utf-8"),
        "sent.csv": lambda path: write_sent(run, contract, path),
        **({} if page is None else {"report.html": lambda path: path.write_text(page, "utf-8")}),
        # Last: whoever waits for it finds all others.
        "results.json": lambda path: write_results(run, provider, path),
    }
    problems = []
    for name, write in writers.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_whole(folder / name, write)
        except OSError as error:
            problems.append(error)
    return tuple(problems)


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
