"""What became of a vendor's document, to be read: on the terminal, as Markdown, as JSON, as annotations of GitHub."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.text import Text

from sendproof import exit_codes
from sendproof.contract.clause import Clause
from sendproof.contract.drift import CHANGED, Doubt, Drift
from sendproof.contract.model import Contract
from sendproof.reports.annotations import command
from sendproof.reports.markdown import code, prose
from sendproof.reports.text import visible

_SHOWN = 200
_STATES = {CHANGED: "words were added to line {at}", "gone": "line {at} is gone or changed"}
_OBJECT_STATES = {CHANGED: "{at} changed", "gone": "{at} is gone"}


def exit_code(drift: Drift) -> int:
    """Return 1 where a clause is in doubt, else 0: new words alone put nothing in doubt."""
    return exit_codes.FAILED if drift.clauses else exit_codes.OK


def closing_line(drift: Drift) -> str:
    """Return the result in one line."""
    stand = f"{drift.held} of {drift.held + len(drift.doubts)} passages stand"
    new = f"; {_count(len(drift.new), 'passage')} new" if drift.new else ""
    if drift.clauses:
        return f"{drift.provider}: {_count(len(drift.clauses), 'clause')} in doubt, {stand}{new}"
    gone = f", {len(drift.doubts)} that promised nothing changed" if drift.doubts else ""
    return f"{drift.provider}: no clause in doubt, {stand}{gone}{new}"


def print_drift(drift: Drift, contract: Contract, console: Console) -> None:
    """Print the clauses in doubt, what is new, and the result."""
    for clause, doubts in _by_clause(drift, contract):
        console.print(Text(f"{clause.id}  {clause.level}", style="bold"), soft_wrap=True)
        console.print(Text(f"  {visible(clause.claim, None)}"), soft_wrap=True)
        for line in _lines(doubts):
            console.print(Text(f"  {line}"), soft_wrap=True)
    for title, lines in (("Changed, and promised nothing", _informative(drift)), ("New", _new(drift))):
        if lines:
            console.print(Text(f"{title}:", style="bold"))
            for line in lines:
                console.print(Text(f"  {line}"), soft_wrap=True)
    console.print(Text(closing_line(drift)), soft_wrap=True)


def to_markdown(drift: Drift, contract: Contract) -> str:
    """Return the same as Markdown, for a pull request or a job summary."""
    return "\n".join(_markdown(drift, contract)) + "\n"


def _markdown(drift: Drift, contract: Contract) -> Iterator[str]:
    yield f"# Changes in the document of {prose(contract.provider.title)}"
    yield ""
    yield prose(closing_line(drift))
    for clause, doubts in _by_clause(drift, contract):
        yield from ("", f"- {code(clause.id)} ({clause.level}): {prose(clause.claim)}")
        yield from (f"  - {prose(line)}" for line in _lines(doubts))
    for title, lines in (("Changed, and promised nothing", _informative(drift)), ("New", _new(drift))):
        if lines:
            yield from ("", f"## {title}", "")
            yield from (f"- {prose(line)}" for line in lines)


def to_json(drift: Drift, contract: Contract) -> str:
    """Return the same as JSON, for programs."""
    clauses = [
        {
            "id": clause.id,
            "level": clause.level,
            "claim": clause.claim,
            "passages": [{"at": doubt.passage.at, "state": doubt.state, "now": doubt.now or None} for doubt in doubts],
        }
        for clause, doubts in _by_clause(drift, contract)
    ]
    made: dict[str, Any] = {
        "format": 1,
        "provider": drift.provider,
        "document": drift.lock.document,
        "exit_code": exit_code(drift),
        "held": drift.held,
        "in_doubt": clauses,
        "informative": [{"at": doubt.passage.at, "state": doubt.state} for doubt in _without_clauses(drift)],
        "new": [{"at": words.at, "text": words.text} for words in drift.new],
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def to_annotations(drift: Drift, contract: Contract) -> str:
    """Return the same as commands of GitHub Actions: a warning for each clause in doubt, a notice for the rest."""
    lines = [
        command("warning", f"sendproof drift: {clause.id} in doubt", (clause.claim, *_lines(doubts)))
        for clause, doubts in _by_clause(drift, contract)
    ]
    lines.append(command("notice", "sendproof drift", (closing_line(drift), *_new(drift))))
    return "\n".join(lines) + "\n"


WRITERS: Mapping[str, Callable[[Drift, Contract], str]] = MappingProxyType(
    {"markdown": to_markdown, "json": to_json, "github": to_annotations}
)


def written(drift: Drift, file: Path) -> str:
    """Return what is left to do in a lock that was written."""
    unread = [passage for passage in drift.lock.passages if passage.is_unread]
    lines = [f"wrote {visible(str(file), None)}: {_count(len(unread), 'passage')} to read"]
    if unread:
        lines.append("Give each entry without `clauses` and `informative` one of them; read clauses in doubt again.")
    return "\n".join(lines)


def _by_clause(drift: Drift, contract: Contract) -> Iterator[tuple[Clause, tuple[Doubt, ...]]]:
    for name in drift.clauses:
        yield contract.clauses[name], tuple(doubt for doubt in drift.doubts if name in doubt.passage.clauses)


def _lines(doubts: tuple[Doubt, ...]) -> tuple[str, ...]:
    return tuple(_line(doubt) for doubt in doubts)


def _line(doubt: Doubt) -> str:
    states = _OBJECT_STATES if isinstance(doubt.passage.at, str) else _STATES
    said = states[doubt.state].format(at=visible(str(doubt.passage.at), _SHOWN))
    return f"{said}: now {visible(doubt.now, _SHOWN)!r}" if doubt.now else said


def _without_clauses(drift: Drift) -> tuple[Doubt, ...]:
    return tuple(doubt for doubt in drift.doubts if not doubt.passage.clauses)


def _informative(drift: Drift) -> tuple[str, ...]:
    return tuple(f"{_line(doubt)} ({doubt.passage.informative or 'unread'})" for doubt in _without_clauses(drift))


def _new(drift: Drift) -> tuple[str, ...]:
    return tuple(
        visible(str(words.at), _SHOWN)
        if isinstance(words.at, str)
        else f"line {words.at}: {visible(words.text, _SHOWN)}"
        for words in drift.new
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
