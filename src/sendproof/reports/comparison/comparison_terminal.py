"""A comparison on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sendproof import exit_codes
from sendproof.reports.comparison.comparison_values import (
    CLAUSE_CHANGES,
    GATING,
    AnswerChange,
    ClauseChange,
    Comparison,
)
from sendproof.reports.comparison.comparison_words import (
    HOW_TIMES,
    TITLES,
    answer_text,
    clause_notes,
    clause_sides,
    closing_line,
    group_name,
    seen_text,
    shift_text,
)
from sendproof.reports.text import visible

_MOST = 40
_LONGEST_TEXT = 300
_LONGEST_COMMAND = 8000
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
    style = "bold green" if found.exit_code == exit_codes.OK else "bold red"
    _print_line(console, Text(visible(closing_line(found), None), style=style))


def _print_clauses(title: str, changes: tuple[ClauseChange, ...], found: Comparison, console: Console) -> None:
    if not changes:
        return
    console.print(Text(title, style="bold red" if any(change.gates for change in changes) else "bold"))
    for change in changes[:_MOST]:
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
        long = len(command) > _LONGEST_COMMAND
        _print_line(
            console, Text("    the command stands in results.json" if long else f"    {visible(command, None)}")
        )


def _print_answers(title: str, changes: tuple[AnswerChange, ...], console: Console) -> None:
    if not changes:
        return
    console.print(Text(title, style="bold"))
    for change in changes[:_MOST]:
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
    for item in found.shifts[:_MOST]:
        _print_indented(console, f"{_shown(group_name(item))} {shift_text(item)}")
    _print_rest(len(found.shifts), console)
    _print_indented(console, HOW_TIMES, style="dim")


def _print_rest(count: int, console: Console) -> None:
    if count > _MOST:
        _print_indented(console, f"and {count - _MOST} more, listed in JSON")


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts)


def _shown(text: str) -> str:
    return visible(text, _LONGEST_TEXT)


def _print_indented(console: Console, text: str, style: str = "") -> None:
    indent = len(text) - len(text.lstrip(" "))
    padding = (0, 0, 0, _INDENT[3] + indent)
    console.print(Padding(Text(text.lstrip(" "), style=style), padding, expand=False), highlight=False)


def _print_line(console: Console, text: Text) -> None:
    """Print one line as it is, however long: it can be copied, and searched for."""
    console.print(text, soft_wrap=True, highlight=False)
