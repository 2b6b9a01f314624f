"""Writes a comparison as JSON, Markdown, a page or for the terminal: `sendproof compare`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sendproof import exit_codes
from sendproof.errors import UsageError
from sendproof.reports.comparison import comparison_words as words
from sendproof.reports.comparison import latency
from sendproof.reports.comparison.compare import compare as compare_runs
from sendproof.reports.comparison.comparison_values import (
    CLAUSE_CHANGES,
    GATING,
    AnswerChange,
    ClauseChange,
    Comparison,
    Interval,
    Latency,
)
from sendproof.reports.comparison.comparison_words import (
    HOW_TIMES,
    TITLES,
    advice,
    answer_text,
    clause_notes,
    clause_sides,
    closing_line,
    seen_text,
    shift_figures,
    shift_text,
)
from sendproof.reports.markdown import code, fenced, prose
from sendproof.reports.pages import render
from sendproof.reports.pages.plots import latency_plot
from sendproof.reports.results import SavedRun, load_run
from sendproof.reports.terminal import StreamConsole
from sendproof.reports.text import visible
from sendproof.reports.write import write_named

FORMAT = 1
SCHEMA_FILE = Path(__file__).with_name("comparison.schema.json")
_LONGEST_TEXT = 2000
_LONGEST_COMMAND = 16_000
_TEXTS = ("reason", "detail", "claim", "expected", "observed", "observation", "waiver")


def to_json(found: Comparison) -> str:
    """Return a comparison as a JSON document."""
    return json.dumps(_document(found), indent=2, allow_nan=False) + "\n"


def _document(found: Comparison) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "provider": _text(found.new.provider),
        "old": _run(found.old),
        "new": _run(found.new),
        "differences": [
            {"name": item.name, "old": _text(item.old), "new": _text(item.new), "advice": item.advice}
            for item in found.differences
        ],
        "compared": {"clauses": found.shared_clauses, "cases": found.shared_cases},
        "changed": found.is_changed,
        "exit_code": found.exit_code,
        "summary": _text(closing_line(found)),
        "advice": _text(advice(found)),
        "clauses": [_clause(change) for change in found.clauses],
        "answers": [_answer(change) for change in found.answers],
        "explained": [_answer(change) for change in found.explained],
        "uncertain": [_answer(change) for change in found.uncertain],
        "latency": {
            "chance": latency.CHANCE,
            "smallest": {"shift_ms": latency.SMALLEST_SHIFT_MS, "ratio": latency.SMALLEST_RATIO},
            "smallest_common": {
                "shift_ms": latency.SMALLEST_COMMON_SHIFT_MS,
                "ratio": latency.SMALLEST_COMMON_RATIO,
            },
            "fewest_times": latency.FEWEST_TIMES,
            "groups": [_group(item) for item in found.latency],
        },
    }


def _run(run: SavedRun) -> dict[str, Any]:
    return {
        "name": _text(run.name),
        "kind": run.kind,
        "base_url": _text(run.base_url),
        "version": _text(run.version),
        "contract_sha256": run.contract_sha256,
        "corpus_sha256": run.corpus_sha256,
        "seed": run.seed,
        "started": run.started.isoformat(),
        "complete": run.complete,
        "exit_code": run.exit_code,
        "exchanges": None if run.exchanges is None else len(run.exchanges),
    }


def _clause(change: ClauseChange) -> dict[str, Any]:
    return {
        "change": change.kind,
        "id": change.record["id"],
        "gates": change.gates,
        "notes": [_text(note) for note in change.notes],
        "old": _record(change.old),
        "new": _record(change.new),
    }


def _record(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "level": record["level"],
        "concern": record["concern"],
        "verdict": record["verdict"],
        "exercised": record["exercised"],
        "violated": record["violated"],
        "evidence": [_text(item) for item in record["evidence"]],
        "suspects": [_text(item) for item in record["suspects"]],
        **{name: None if record[name] is None else _text(record[name]) for name in _TEXTS},
        "reproduce": None if record["reproduce"] is None else visible(record["reproduce"], _LONGEST_COMMAND),
    }


def _answer(change: AnswerChange) -> dict[str, Any]:
    return {
        "change": change.kind,
        "place": _text(change.place),
        "old": _text(change.old),
        "new": _text(change.new),
        "seen": [{"status": item.status, "count": item.count, "of": item.of} for item in change.seen],
        "cases": [_text(case) for case in change.cases],
        "exchange": _text(change.exchange),
        "clauses": list(change.clauses),
    }


def _group(item: Latency) -> dict[str, Any]:
    return {
        "status": item.status,
        "family": None if item.family is None else _text(item.family),
        "verdict": item.verdict,
        "told": item.is_reported,
        "old": _sample(item.old_ms),
        "new": _sample(item.new_ms),
        "shift_ms": _interval(item.shift_ms),
        "ratio": _interval(item.ratio),
    }


def _sample(times: tuple[float, ...]) -> dict[str, Any]:
    return {"count": len(times), "median_ms": round(median(times), 3)}


def _interval(found: Interval | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"estimate": _rounded(found.estimate), "low": _rounded(found.low), "high": _rounded(found.high)}


def _rounded(value: float) -> float:
    return round(value, 3)


def _text(text: str) -> str:
    return visible(text, _LONGEST_TEXT)


_MOST = 30
_LONGEST_COMMAND_MARKDOWN = 4000


def to_markdown(found: Comparison) -> str:
    """Return a comparison in GitHub-flavoured Markdown."""
    lines = (
        f"**{prose(closing_line(found), 600)}.**",
        *_differences(found),
        *(("", prose(said, 1200)) if (said := advice(found)) else ()),
        *(line for kind in CLAUSE_CHANGES for line in _clauses(kind, found)),
        *_answers("Answers changed", found.answers),
        *_latency(found),
        *_answers("Seen too seldom to tell", found.uncertain),
    )
    return "\n".join(lines) + "\n"


def _differences(found: Comparison) -> Iterator[str]:
    if found.differences:
        yield from ("", "> [!WARNING]", "> The runs were not alike.", ">")
    for item in found.differences:
        yield f"> - {item.name}: {code(item.old)} → {code(item.new)}. {prose(item.advice)}"


def _clauses(kind: str, found: Comparison) -> Iterator[str]:
    changes = found.of_kind(kind)
    if changes:
        yield from ("", f"## {TITLES[kind]}")
    for change in changes[:_MOST]:
        yield from _markdown_clause(change, found)
    yield from _rest(len(changes))


def _markdown_clause(change: ClauseChange, found: Comparison) -> Iterator[str]:
    record = change.record
    yield from ("", f"### {code(record['id'])}", "", f"{prose(record['claim'])} ({record['level']})", "")
    yield from (f"- {name}: {code(text)}" for name, text in clause_sides(change))
    yield from (f"- {prose(note)}" for note in clause_notes(found, change))
    command = change.new["reproduce"] if change.new else None
    if command and change.new and change.new["verdict"] == "fail":
        long = len(command) > _LONGEST_COMMAND_MARKDOWN
        yield from ("", "The command stands in `results.json`." if long else fenced(command, "sh"))


def _answers(title: str, changes: tuple[AnswerChange, ...]) -> Iterator[str]:
    if changes:
        yield from ("", f"## {title}", "")
    for change in changes[:_MOST]:
        part = f"; among them evidence of {_codes(change.clauses)}" if change.clauses else ""
        yield f"- {code(answer_text(change))}: {prose(seen_text(change))}, such as {_codes(change.cases)}{part}"
    yield from _rest(len(changes))


def _latency(found: Comparison) -> Iterator[str]:
    if found.shifts:
        yield from ("", "## Latency shifted", "")
        yield from (f"- {prose(shift_text(item))}" for item in found.shifts[:_MOST])
        yield from _rest(len(found.shifts))
        yield from ("", "<details><summary>The figures behind it</summary>", "")
        yield from (f"- {prose(shift_figures(item))}" for item in found.shifts[:_MOST])
        yield from ("", prose(HOW_TIMES, 1000), "", "</details>")


def _rest(count: int) -> Iterator[str]:
    if count > _MOST:
        yield from ("", f"And {count - _MOST} more, listed in JSON.")


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(code(text, 80) for text in texts)


_MOST_TERMINAL = 40
_LONGEST_TEXT_TERMINAL = 300
_LONGEST_COMMAND_TERMINAL = 8000
_INDENT = (0, 0, 0, 2)
# Of these one side is missing, or both stand in one line.
_WITH_COMMAND = (*GATING, "fails_differently")


def print_comparison(found: Comparison, console: Console) -> None:
    """Print what the runs differ in, what changed, and the outcome in one line."""
    for item in found.differences:
        line = f"! {item.name}: {_shown(item.old)} → {_shown(item.new)}. {item.advice}"
        _print_line(console, Text(line, style="yellow"))
    for kind in CLAUSE_CHANGES:
        _print_clauses(TITLES[kind], found.of_kind(kind), found, console)
    _print_answers("Answers changed", found.answers, console)
    _print_latency(found, console)
    if found.uncertain:
        count = len(found.uncertain)
        _print_line(console, Text(f"Seen too seldom to tell: {count} in the answers, listed in JSON.", style="dim"))
    if said := advice(found):
        _print_line(console, Text(visible(said, 1200)))
    style = "bold green" if found.exit_code == exit_codes.OK else "bold red"
    _print_line(console, Text(visible(closing_line(found), None), style=style))


def _print_clauses(title: str, changes: tuple[ClauseChange, ...], found: Comparison, console: Console) -> None:
    if not changes:
        return
    console.print(Text(title, style="bold red" if any(change.gates for change in changes) else "bold"))
    for change in changes[:_MOST_TERMINAL]:
        _print_clause(change, found, console)
    _print_rest(len(changes), console)


def _print_clause(change: ClauseChange, found: Comparison, console: Console) -> None:
    record = change.record
    _print_indented(console, f"{record['id']} ({record['level']}): {_shown(record['claim'])}")
    for name, text in clause_sides(change):
        _print_indented(console, f"  {name}: {_shown(text)}")
    for note in clause_notes(found, change):
        _print_indented(console, f"  {_shown(note)}")
    command = record["reproduce"]
    if command and change.kind in _WITH_COMMAND:
        long = len(command) > _LONGEST_COMMAND_TERMINAL
        _print_line(
            console, Text("    the command stands in results.json" if long else f"    {visible(command, None)}")
        )


def _print_answers(title: str, changes: tuple[AnswerChange, ...], console: Console) -> None:
    if not changes:
        return
    console.print(Text(title, style="bold"))
    for change in changes[:_MOST_TERMINAL]:
        _print_indented(console, f"{_shown(answer_text(change))}: {_shown(seen_text(change))}")
        _print_indented(
            console, f"  such as {_shown(_listed(change.cases))}; see {_shown(change.exchange)} of the new run"
        )
        if change.clauses:
            _print_indented(console, f"  among them evidence of {_listed(change.clauses)}")
    _print_rest(len(changes), console)


def _print_latency(found: Comparison, console: Console) -> None:
    if not found.shifts:
        return
    console.print(Text("Latency shifted", style="bold"))
    for item in found.shifts[:_MOST_TERMINAL]:
        _print_indented(console, _shown(shift_text(item)))
    _print_rest(len(found.shifts), console)
    _print_indented(console, "The figures behind it stand in the page (-o FILE.html) and in JSON.", style="dim")


def _print_rest(count: int, console: Console) -> None:
    if count > _MOST_TERMINAL:
        _print_indented(console, f"and {count - _MOST_TERMINAL} more, listed in JSON")


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts)


def _shown(text: str) -> str:
    return visible(text, _LONGEST_TEXT_TERMINAL)


def _print_indented(console: Console, text: str, style: str = "") -> None:
    indent = len(text) - len(text.lstrip(" "))
    padding = (0, 0, 0, _INDENT[3] + indent)
    console.print(Padding(Text(text.lstrip(" "), style=style), padding, expand=False), highlight=False)


def _print_line(console: Console, text: Text) -> None:
    """Print one line as it is, however long: it can be copied, and searched for."""
    console.print(text, soft_wrap=True, highlight=False)


_MOST_PAGE = 200
_LONGEST_COMMAND_PAGE = 16_000


def to_page(found: Comparison) -> str:
    """Return a comparison as an HTML page: what changed first, then what is behind it."""
    kinds = [(kind, words.TITLES[kind], found.of_kind(kind)) for kind in CLAUSE_CHANGES]
    return render(
        "comparison.html",
        found=found,
        words=words,
        groups=[(kind, title, changes) for kind, title, changes in kinds if changes],
        shifts=[(item, latency_plot({"old": item.old_ms, "new": item.new_ms})) for item in found.shifts],
        command=_command,
        most=_MOST_PAGE,
    )


def _command(change: ClauseChange) -> str | None:
    """Return the command that shows a failure of the new run; "" for one that is too long for a page."""
    if change.new is None or change.new["verdict"] != "fail" or not change.new["reproduce"]:
        return None
    command: str = change.new["reproduce"]
    return command if len(command) <= _LONGEST_COMMAND_PAGE else ""


_FILE = click.Path(path_type=Path)
_TERMINAL = "terminal"
_WRITERS: Mapping[str, Callable[[Comparison], str]] = MappingProxyType(
    {"markdown": to_markdown, "json": to_json, "html": to_page}
)
_ENDINGS: Mapping[str, str] = MappingProxyType(
    {".md": "markdown", ".markdown": "markdown", ".json": "json", ".html": "html", ".htm": "html"}
)


@click.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option(
    "--format", "form", type=click.Choice([_TERMINAL, *_WRITERS]), help="By default the terminal, or what -o ends in."
)
@click.option("-o", "--output", type=_FILE, help="Write to this file (.md, .json, .html).")
def compare(*, old: Path, new: Path, form: str | None, output: Path | None) -> int:
    """Tell what changed from one run of a provider to another.

    OLD and NEW are results.json files or their folders; the exchanges.har beside them is read as
    well. Exit 1 when a required or recommended clause regressed, fails that was not
    decided before, or lost its coverage.
    """
    chosen = _form(form, output)
    found = compare_runs(load_run(old), load_run(new))
    console = StreamConsole(highlight=False)
    if chosen == _TERMINAL:
        print_comparison(found, console)
    elif output is None:
        click.echo(_WRITERS[chosen](found), nl=False)
    else:
        write_named(output, _WRITERS[chosen](found))
        console.print(Text(f"{visible(str(output), None)}: {visible(closing_line(found), None)}"), soft_wrap=True)
    return found.exit_code


def _form(form: str | None, output: Path | None) -> str:
    if output is None:
        return form or _TERMINAL
    shown = visible(output.name, 80)
    if form == _TERMINAL:
        raise UsageError(f"-o: expected markdown, json or html for {shown}, got terminal. Choose another --format.")
    if form is None and output.suffix not in _ENDINGS:
        raise UsageError(f"-o: expected a name that ends in .md, .json or .html, got {shown!r}. Or name a --format.")
    return form or _ENDINGS[output.suffix]
