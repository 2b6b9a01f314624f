"""`sendproof waive`: the entry of a waivers file for a failure that a results file holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from sendproof.contract.model import load_contract
from sendproof.errors import UsageError, suggestion
from sendproof.judge.verdicts import FAIL
from sendproof.reports.results import SavedRun, load_run
from sendproof.reports.signature import signature_of_record
from sendproof.reports.text import is_plain, visible
from sendproof.runs.waivers import LONGEST_DAYS, is_link, load_waivers

_FILE = click.Path(path_type=Path)
_DEFAULT_DAYS = 90
# What a person has to say, with the question for it.
_QUESTIONS = {
    "reason": "Why is this failure accepted?",
    "issue": "Link to the issue (http or https)",
    "owner": "Who sees to it?",
}
Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a person says of a waiver, as far as somebody was asked; `days` is how long it shall count."""

    reason: str | None = None
    issue: str | None = None
    owner: str | None = None
    days: int = _DEFAULT_DAYS


@click.command()
@click.argument("clause")
@click.option("--from", "results", type=_FILE, required=True, help="A results.json, or its folder.")
@click.option("--reason", metavar="TEXT", help="Why the failure is accepted.")
@click.option("--issue", metavar="URL", help="Where it is followed up.")
@click.option("--owner", metavar="NAME", help="Who follows it up.")
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), default=_DEFAULT_DAYS, show_default=True)
@click.option("--file", type=_FILE, help="Append the entry to this file, and do not print it.")
def waive(*, clause: str, results: Path, days: int, file: Path | None, **given: str | None) -> None:
    """Write the waiver of a clause that fails in the results of a run."""
    run = load_run(results)
    record = failing(run, clause)
    if file is not None and file.exists():
        refuse_second(file, clause, run)
    words = Words(days=days, **asked(given, _prompt if sys.stdin.isatty() else None))
    entry = entry_of(run, record, words, datetime.now(UTC).date())
    if file is None:
        click.echo(entry, nl=False)
    else:
        append(file, entry)
        click.echo(f"{file}: the waiver of {clause} stands at its end.", err=True)


def failing(run: SavedRun, clause: str) -> Mapping[str, Any]:
    """Return the record of a clause that fails and is not waived; UsageError for any other."""
    record = run.by_id.get(clause)
    if record is None:
        shown = visible(repr(clause), 100)
        advice = suggestion(clause, run.by_id, "See: sendproof clauses")
        raise UsageError(f"{run.file}: expected a clause of {run.provider}, got {shown}. {advice}")
    if record["verdict"] != FAIL:
        raise UsageError(f"{run.file}: {clause}: expected a clause that fails, got {record['verdict']}. Waive nothing.")
    if record["waiver"] is not None:
        reason = visible(record["waiver"], 100)
        raise UsageError(
            f"{run.file}: {clause}: expected a clause without a waiver, got one: {reason}. Delete its entry first."
        )
    return record


def refuse_second(file: Path, clause: str, run: SavedRun) -> None:
    """Raise UsageError where a file has an entry for this clause and target, be it expired or of another failure."""
    for waiver in load_waivers(file):
        if waiver.clause == clause and waiver.concerns(run.provider, run.name):
            raise UsageError(f"{waiver.where}: expected no waiver of {clause}, got this one. Delete it first.")


def asked(given: Mapping[str, str | None], ask: Ask | None) -> dict[str, str]:
    """Return what a person says: as an option, else in answer to a question, where there is somebody to `ask`.

    Where nobody is, what was not given is left to be filled in.
    """
    said: dict[str, str] = {}
    for name, question in _QUESTIONS.items():
        answer = given.get(name)
        if answer is None and ask is None:
            continue
        if answer is None and ask is not None:
            answer = ask(question)
        if answer is None or not answer.strip():
            raise UsageError(f"waive: --{name}: expected a text, got none. Give --{name}.")
        said[name] = answer.strip()
    if "issue" in said and not is_link(said["issue"]):
        shown = visible(repr(said["issue"]), 100)
        raise UsageError(f"waive: --issue: expected a link with http or https, got {shown}. Give its address.")
    return said


def _prompt(question: str) -> str:
    # Standard output is for the entry; `click.prompt` before 8.4 writes a space to it, even with err=True.
    click.echo(f"{question}: ", nl=False, err=True)
    return sys.stdin.readline()


def entry_of(run: SavedRun, record: Mapping[str, Any], words: Words, today: date) -> str:
    """Return the entry in TOML, with the signature of the failure that the record tells of.

    What nobody said is left as a comment to be filled in; the reason, which is needed, then tells the failure.
    """
    clause = load_contract(run.provider).clauses.get(record["id"])
    if clause is None:
        raise UsageError(f"{run.file}: expected a clause of this version, got {record['id']}. Write the results again.")
    sign = signature_of_record(clause, record, {item.id: item for item in run.exchanges or ()})
    texts = {
        "clause": clause.id,
        "provider": run.provider,
        "target": run.name,
        "signature": sign,
        "reason": words.reason or f"Known on {today}: {sign}",
        "issue": words.issue,
        "owner": words.owner,
    }
    lines = [f"{name} = {quoted(text)}" for name, text in texts.items() if text is not None]
    lines += [f"# {name} = {quoted(_QUESTIONS[name])}" for name, text in texts.items() if text is None]
    days = [f"added = {today}", f"expires = {today + timedelta(days=words.days)}"]
    return "\n".join(("[[waiver]]", *lines, *days)) + "\n"


def quoted(text: str) -> str:
    """Return a text as a basic string of TOML, on one line, everything unseen as an escape."""
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if is_plain(char):
        return char
    # TOML has no lone surrogates.
    code = 0xFFFD if 0xD800 <= ord(char) <= 0xDFFF else ord(char)
    return f"\\U{code:08x}"


def append(file: Path, entry: str) -> None:
    """Append an entry to a file, which may not be there yet; what it holds stays byte for byte."""
    try:
        before = file.read_bytes() if file.exists() else b""
        gap = "" if not before else "\n" if before.endswith(b"\n") else "\n\n"
        with file.open("ab") as stream:
            stream.write((gap + entry).encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{file}: expected a file to write, got {reason!r}. Check the path.") from error
