"""All files of a run; the small ones are made here: the badge, and the list of what was sent."""

from __future__ import annotations

import csv
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sendproof import exit_codes
from sendproof.contract.model import Contract
from sendproof.contract.outcome import Outcome
from sendproof.contract.pointer import MISSING, at
from sendproof.errors import MachineError, UsageError
from sendproof.exchange import MAYBE_SERVED, NEVER_SENT, Exchange
from sendproof.judge.parsing import answer_of
from sendproof.judge.verdicts import FAIL, NOT_APPLICABLE, PASS, Judgement
from sendproof.reports.har import to_har
from sendproof.reports.junit import write_junit
from sendproof.reports.pages import render
from sendproof.reports.results import write_results
from sendproof.reports.run_view import Run, exit_code, undecided, unwaived_failures
from sendproof.reports.sarif import write_sarif
from sendproof.reports.summary import to_markdown
from sendproof.reports.text import visible
from sendproof.target.phone_numbers import country_digits, masked

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


def write_named(output: Path, text: str) -> None:
    """Write a file that the user named, with the folders it needs; UsageError where that cannot be."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, "utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{output}: expected a file that can be written, got {reason!r}. Check the path.") from error


_LABEL = "sendproof"
# White on each of them has a contrast of 4.5 and more.
_GREEN, _RED, _AMBER, _GREY = "#2e7d32", "#c62828", "#8a5a00", "#5f6368"
_COLOURS = {exit_codes.OK: _GREEN, exit_codes.FAILED: _RED, exit_codes.INCOMPLETE: _AMBER, exit_codes.WAIVER: _AMBER}
_STOPPED = {exit_codes.WAIVER: "waiver out of date", exit_codes.INTERRUPTED: "interrupted"}
# Of a letter in a font of fixed width at 11 px; `textLength` draws whatever font is there to that width.
_LETTER_PX = 6.7
_PADDING = 6


def to_svg(run: Run) -> str:
    """Return the badge of a run as SVG: label, message, and both as its title."""
    message = badge_message(run)
    label_width, message_width = (round(len(text) * _LETTER_PX) for text in (_LABEL, message))
    return render(
        "badge.svg",
        label=_LABEL,
        message=message,
        target=run.name,
        colour=_COLOURS.get(exit_code(run), _GREY),
        padding=_PADDING,
        label_width=label_width,
        message_width=message_width,
        left=label_width + 2 * _PADDING,
        right=message_width + 2 * _PADDING,
    )


def badge_message(run: Run) -> str:
    """Return the verdict in a few words: "58 of 58 required hold", "2 broken", "3 undecided"."""
    code = exit_code(run)
    if code == exit_codes.OK:
        found = Counter(item.verdict for item in run.verdicts if item.clause.level == "required")
        return f"{found[PASS]} of {found.total() - found[NOT_APPLICABLE]} required hold"
    if code == exit_codes.FAILED:
        return f"{len(unwaived_failures(run))} broken"
    if code == exit_codes.INCOMPLETE:
        return f"{len(undecided(run))} undecided"
    return _STOPPED.get(code, "not judged")


SENT_COLUMNS = ("time", "id", "outcome", "recipient", "clauses", "case", "exchange")
_UNKNOWN = "unknown"
# A spreadsheet takes what begins so for a formula (OWASP, CSV Injection).
_FORMULAS = ("=", "+", "-", "@")
_LONGEST_CELL = 1000


def write_sent(run: Run, contract: Contract, path: Path) -> None:
    """Write a line for each request that made a message, or may have: of one without an answer nobody knows.

    Times are UTC (ISO 8601), `id` is the vendor's, `outcome` "accepted", "failed" or "unknown"; `clauses` are those
    that the request was about. Of numbers that may be somebody's the country and the last two digits are left.
    """
    judged = {item.exchange.id: item for item in run.judgements}
    hidden = frozenset(item.shown for item in run.pseudonyms)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(SENT_COLUMNS)
        for exchange in sorted(run.exchanges, key=lambda one: one.started_s):
            if (outcome := _outcome(contract, exchange)) is not None:
                judgement = judged.get(exchange.id)
                lines.writerow(map(_cell, _line(contract, exchange, outcome, judgement, hidden)))


def _outcome(contract: Contract, exchange: Exchange) -> str | None:
    """Return what became of a message; None where none was made."""
    response = exchange.response
    if response is None:
        return None if exchange.failure in NEVER_SENT else _UNKNOWN
    if response.status in MAYBE_SERVED:
        return _UNKNOWN
    outcome = contract.provider.outcome(response.status, answer_of(response), response.body)
    if outcome is Outcome.FOREIGN and response.status < 300:
        return _UNKNOWN
    return str(outcome) if outcome in (Outcome.ACCEPTED, Outcome.FAILED) else None


def _line(
    contract: Contract, exchange: Exchange, outcome: str, judgement: Judgement | None, hidden: Collection[str]
) -> Iterator[str]:
    answer = MISSING if exchange.response is None else answer_of(exchange.response)
    identity = at(answer, contract.provider.answer["id"])
    yield datetime.fromtimestamp(exchange.started_s, UTC).isoformat(timespec="milliseconds")
    yield "" if identity in (MISSING, None) else str(identity)
    yield outcome
    yield "" if judgement is None else _recipient(judgement, hidden)
    yield "" if judgement is None else " ".join(_asked_clauses(judgement))
    yield exchange.case or ""
    yield exchange.id


def _recipient(judgement: Judgement, hidden: Collection[str]) -> str:
    """Return the recipient, redacted: what stands for a number of the profile ends as that number does."""
    number = judgement.analysis.recipient
    if number is None:
        return "" if judgement.analysis.value("recipient") is MISSING else "[no number of the plan]"
    if number not in hidden:
        return masked(number)
    country = country_digits(number.removeprefix("+"))
    return f"{number[: 1 + country]}{'*' * (len(number) - country - 3)}{number[-2:]}"


def _asked_clauses(judgement: Judgement) -> tuple[str, ...]:
    reasons = tuple(dict.fromkeys(reason.clause for reason in judgement.analysis.reasons))
    return reasons or judgement.analysis.features


def _cell(text: str) -> str:
    shown = visible(text, _LONGEST_CELL)
    return f"'{shown}" if shown.startswith(_FORMULAS) else shown
