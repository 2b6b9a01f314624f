"""Writes the matrix of vendors as Markdown or as a page: `sendproof matrix`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import click
from rich.console import Console
from rich.text import Text

import sendproof
from sendproof.contract.clause import CONCERNS
from sendproof.errors import UsageError
from sendproof.judge.verdicts import FAIL
from sendproof.reports import markdown
from sendproof.reports.markdown import fenced
from sendproof.reports.matrix import matrix_words as words
from sendproof.reports.matrix.figures import spend_plots, time_plot, times
from sendproof.reports.matrix.questions import answers
from sendproof.reports.matrix.rows import (
    KINDS,
    PRESENCE,
    PROMISE,
    QUESTIONS,
    SHORT_KINDS,
    WAIVED,
    WORST_FIRST,
    Cell,
    Column,
    Entry,
    Row,
    Table,
    build,
    differences,
    load_catalogue,
    sections,
)
from sendproof.reports.matrix.view import view
from sendproof.reports.pages import render
from sendproof.reports.results import SavedRun, load_run
from sendproof.reports.terminal import Progress, StreamConsole
from sendproof.reports.text import visible
from sendproof.reports.write import write_named

_LONGEST_TEXT, _LONGEST_VALUE, _LONGEST_ANSWER = 300, 120, 900
_LONGEST_COMMAND = 1500
_MOST_FAILURES = 40


def to_markdown(table: Table) -> str:
    """Return the table in GitHub-flavoured Markdown."""
    lines = (
        "# Vendors side by side",
        "",
        *_questions(table),
        *_columns(table),
        *_legend(),
        *_in_sections(table),
        *_failures(table),
        *_times(table),
        *_spend(table),
    )
    return "\n".join(lines) + "\n"


def _prose(text: str, limit: int = _LONGEST_TEXT) -> str:
    return markdown.prose(text[: limit + 1], limit)


def _code(text: str, limit: int = _LONGEST_TEXT) -> str:
    return markdown.code(text[: limit + 1], limit)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _labels(table: Table) -> list[str]:
    return [_prose(column.label, 60) for column in table.columns]


def _columns(table: Table) -> Iterator[str]:
    facts = [_facts(column) for column in table.columns]
    names = list(facts[0])
    yield from _table(["", *_labels(table)], ([name, *(fact[name] for fact in facts)] for name in names))


def _facts(column: Column) -> dict[str, str]:
    run = column.run
    return {
        "vendor": _prose(column.title, 60),
        "name": _prose(run.name, 60),
        "live or mock": run.kind,
        "address": _prose(run.base_url, 80),
        "date": f"{run.started:%Y-%m-%d %H:%M} UTC",
        "run": f"{words.completeness(column)}, exit code {run.exit_code}",
        "sendproof": _prose(run.version, 40),
        "contract": f"{run.contract_sha256[:12]}, {words.contract_note(column)}",
        "seed": str(run.seed),
    }


def _legend() -> Iterator[str]:
    yield from (f"- {words.GLYPHS[state]} {words.WORDS[state]}: {words.MEANINGS[state]}" for state in WORST_FIRST)
    yield f"- {words.ABSENT_GLYPH} {words.ABSENT}: the vendor's documents promise nothing of the kind"
    yield f"- {words.ABSENT_GLYPH} {words.UNKNOWN}: the contract of that run has nothing of the kind"
    yield f"- {words.ELSEWHERE_GLYPH} {words.ELSEWHERE}: another row says it, which is named"
    yield ""


def _questions(table: Table) -> Iterator[str]:
    for question, title in QUESTIONS.items():
        yield from (f"## {title}", "")
        for column, said in zip(table.columns, answers(table, question), strict=True):
            yield f"- {_prose(column.label, 60)}: {_prose(' '.join(said), _LONGEST_ANSWER)}"
        yield ""


def _in_sections(table: Table) -> Iterator[str]:
    """Yield every row once: those of the questions, those that differ, those that some lack, those that are alike."""
    placed = sections(table)
    for question, rows in placed.questions.items():
        yield from (f"## {QUESTIONS[question]} One by one ({len(rows)})", "")
        yield from _rows(table, rows)
    yield from ("## What else differs", "")
    for kind, rows in placed.differing.items():
        yield from (f"### {KINDS[kind]} ({len(rows)})", "")
        yield from _rows(table, rows)
    if not placed.differing:
        yield from ("Nothing." if len(table.columns) > 1 else "There is one column, and nothing to compare.", "")
    if placed.lacking:
        yield from (f"## {KINDS[PRESENCE]} ({len(placed.lacking)})", "")
        yield from (f"- {_lacking(table, row)}" for row in placed.lacking)
        yield ""
    if placed.alike:
        title = "What is the same for all" if len(table.columns) > 1 else "Everything else"
        yield from (f"## {title} ({len(placed.alike)})", "")
    for concern in CONCERNS:
        if alike := [row for row in placed.alike if row.concept.concern == concern]:
            yield from (f"### {concern.replace('_', ' ').capitalize()} ({len(alike)})", "")
            yield from _rows(table, alike)


def _lacking(table: Table, row: Row) -> str:
    """Return a row in a line: its title, and who promises it, here or in another row, or was observed."""
    having = (
        f"{_prose(column.label, 60)} {_states(cell) if cell.entries else words.ELSEWHERE}"
        for cell, column in zip(row.cells, table.columns, strict=True)
        if not cell.is_absent
    )
    return f"{_prose(row.concept.title, 160)}: {'; '.join(having)}"


def _rows(table: Table, rows: Sequence[Row]) -> Iterator[str]:
    titles = {row.concept.id: row.concept.title for row in table.rows}
    yield from _table(
        ["concept", *_labels(table)],
        ([_head(row), *_cells(table, row, titles)] for row in rows),
    )


def _head(row: Row) -> str:
    title = _prose(row.concept.title, 160)
    return f"{title}<br>{words.what_differs(row)}" if PROMISE in differences(row) else title


def _cells(table: Table, row: Row, titles: dict[str, str]) -> Iterator[str]:
    for cell, column in zip(row.cells, table.columns, strict=True):
        yield _cell(row, cell, column, titles)


def _cell(row: Row, cell: Cell, column: Column, titles: dict[str, str]) -> str:
    if cell.is_absent:
        return f"{words.ABSENT_GLYPH} {words.absence(column)}"
    if not cell.entries:
        named = "; ".join(_prose(titles[name], 160) for name in cell.related)
        return f"{words.ELSEWHERE_GLYPH} {words.ELSEWHERE}: see {named}"
    values = dict.fromkeys(text for text in map(words.value, cell.entries) if text)
    return "<br>".join(
        (
            f"{_states(cell)} · {_levels(cell)}",
            *(_prose(text, _LONGEST_VALUE) for text in (*values, *words.promised(row, cell))),
        )
    )


def _states(cell: Cell) -> str:
    many = len(cell.entries) > 1
    return ", ".join(
        f"{words.GLYPHS[state]} {words.WORDS[state]}{f' ({count})' if many else ''}"
        for state, count in cell.states.items()
    )


def _levels(cell: Cell) -> str:
    return ", ".join(dict.fromkeys(entry.record["level"] for entry in cell.entries))


def _failures(table: Table) -> Iterator[str]:
    for number, column in enumerate(table.columns):
        found = [entry for row in table.rows for entry in row.cells[number].entries if entry.state in (FAIL, WAIVED)]
        if found:
            yield from (f"## Broken by {_prose(column.label, 60)} ({len(found)})", "")
        for entry in found[:_MOST_FAILURES]:
            yield from _failure(entry)
        if rest := found[_MOST_FAILURES:]:
            yield from (f"And {len(rest)} more.", "")


def _failure(entry: Entry) -> Iterator[str]:
    record, clause = entry.record, entry.clause
    yield from (f"### {_code(record['id'])}", "", f"{_prose(record['claim'])} ({record['level']})", "")
    if clause:
        yield f"- stated in: {_prose(clause.source.document)}, {_prose(clause.source.section)}"
    yield f"- expected: {_code(record['expected'] or '')}"
    yield f"- observed: {_code(record['observed'] or '')}"
    yield f"- evidence: {', '.join(_code(name, 40) for name in record['evidence'])}"
    if record["waiver"] is not None:
        yield f"- waived: {_prose(record['waiver'])}"
    if command := record["reproduce"]:
        long = len(command) > _LONGEST_COMMAND
        yield from ("", "The command stands in `results.json`." if long else fenced(command, "sh"))
    yield ""


def _times(table: Table) -> Iterator[str]:
    found = times(table)
    if not found:
        return
    yield from ("## Time", "")
    heads = ["column", "answers", "count", "p50, ms", "p95, ms", "p99, ms", "from"]
    yield from _table(
        heads,
        (
            [
                _prose(item.label, 60),
                item.answers,
                str(item.count),
                *(f"{time:.1f}" for time in (item.p50, item.p95, item.p99)),
                item.source,
            ]
            for item in found
        ),
    )
    if any(column.run.kind == "mock" for column in table.columns):
        yield from ("The times of a mock tell nothing of the vendor.", "")


def _spend(table: Table) -> Iterator[str]:
    yield from ("## Spend of the run", "")
    rows = (
        [
            _prose(column.label, 60),
            str(run.requests),
            str(run.accepted),
            "no price" if run.credits is None else str(run.credits),
        ]
        for column, run in ((column, column.run) for column in table.columns)
    )
    yield from _table(["column", "requests", "accepted messages", "credits"], rows)


def to_page(table: Table) -> str:
    """Return the page, of at most 5 MB however much evidence there is."""
    shown = view(table)
    measured = times(table)
    return render(
        "vendors.html",
        version=sendproof.__version__,
        table=table,
        view=shown,
        concerns=[concern for concern in CONCERNS if table.of(concern)],
        kinds=KINDS,
        questions=QUESTIONS,
        short_kinds=SHORT_KINDS,
        states=WORST_FIRST,
        words=words,
        times=measured,
        time_plot=time_plot(measured),
        spend=spend_plots(table),
        has_mock=any(column.run.kind == "mock" for column in table.columns),
    )


_FILE = click.Path(path_type=Path)
_WRITERS: Mapping[str, Callable[[Table], str]] = MappingProxyType({".html": to_page, ".md": to_markdown})


@click.command()
@click.argument("results", nargs=-1, required=True, type=_FILE)
@click.option(
    "-o", "--output", "outputs", type=_FILE, multiple=True, help="A page (.html) or Markdown (.md); may be repeated."
)
def matrix(*, results: tuple[Path, ...], outputs: tuple[Path, ...]) -> None:
    """Set results side by side, concept by concept.

    RESULTS are results.json files or their folders, each a column, in that order.
    """
    for output in outputs:
        _check_ending(output)
    table = build(_loaded(results), load_catalogue())
    if not outputs:
        click.echo(to_markdown(table), nl=False)
    console = StreamConsole(highlight=False)
    for output in outputs:
        write_named(output, _WRITERS[output.suffix](table))
        console.print(Text(f"{visible(str(output), None)}: {_in_short(table)}"), soft_wrap=True)


def _check_ending(output: Path) -> None:
    if output.suffix not in _WRITERS:
        shown = visible(output.name, 80)
        raise UsageError(f"-o: expected a name that ends in .html or .md, got {shown!r}. Correct the ending.")


def _loaded(paths: Sequence[Path]) -> tuple[SavedRun, ...]:
    runs: list[SavedRun] = []
    with Progress(Console(stderr=True, highlight=False)) as progress:
        for number, path in enumerate(paths):
            progress.update(number, len(paths), f"reads {path}")
            runs.append(load_run(path))
    return tuple(runs)


def _in_short(table: Table) -> str:
    differing = sum(1 for row in table.rows if differences(row))
    columns = len(table.columns)
    return f"{columns} column{'' if columns == 1 else 's'}, {len(table.rows)} concepts, {differing} differ"
