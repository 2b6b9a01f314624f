"""A comparison as Markdown, for a pull request or a job's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sendproof.reports.comparison.comparison_values import CLAUSE_CHANGES, AnswerChange, ClauseChange, Comparison
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
from sendproof.reports.markdown import code, fenced, prose

_MOST = 30
_LONGEST_COMMAND = 4000


def to_markdown(found: Comparison) -> str:
    """Return a comparison in GitHub-flavoured Markdown."""
    lines = (
        f"**{prose(closing_line(found), 600)}.**",
        *_differences(found),
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
        yield from _clause(change, found)
    yield from _rest(len(changes))


def _clause(change: ClauseChange, found: Comparison) -> Iterator[str]:
    record = change.record
    yield from ("", f"### {code(record['id'])}", "", f"{prose(record['claim'])} ({record['level']})", "")
    yield from (f"- {name}: {code(text)}" for name, text in clause_sides(change))
    yield from (f"- {prose(note)}" for note in clause_notes(found, change))
    command = change.new["reproduce"] if change.new else None
    if command and change.new and change.new["verdict"] == "fail":
        long = len(command) > _LONGEST_COMMAND
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
        yield from (f"- {prose(group_name(item))} {prose(shift_text(item))}" for item in found.shifts[:_MOST])
        yield from _rest(len(found.shifts))
        yield from ("", prose(HOW_TIMES, 1000))


def _rest(count: int) -> Iterator[str]:
    if count > _MOST:
        yield from ("", f"And {count - _MOST} more, listed in JSON.")


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(code(text, 80) for text in texts)
