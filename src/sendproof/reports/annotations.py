"""What a job on GitHub Actions shows of a run: annotations, and the summary of the job.

The runner reads commands from what a step prints: `::error ...` at the beginning of a line,
with blanks before it or without, and the older `##[error]` anywhere in a line. What a target
wrote must never be one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sendproof.contract.provider import Provider
from sendproof.judge.verdicts import ERROR, FAIL, Verdict
from sendproof.reports import run_view
from sendproof.reports.run_view import Run, undecided, unwaived_failures
from sendproof.reports.summary import to_markdown
from sendproof.reports.text import visible

MOST = 10
"""GitHub shows that many annotations of a kind for one step."""
_LONGEST_TEXT = 300
_OLD_COMMAND = re.compile(r"##(?=\w*\[)")
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES = _IN_DATA | str.maketrans({":": "%3A", ",": "%2C"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """One annotation; `level` is "error", "warning" or "notice"."""

    level: str
    title: str
    lines: tuple[str, ...]

    def command(self) -> str:
        """Return the annotation as a workflow command of one line."""
        return command(self.level, self.title, self.lines)


def command(level: str, title: str, lines: Iterable[str]) -> str:
    """Return an annotation as a workflow command of one line; `level` is "error", "warning" or "notice"."""
    shown = "\n".join(visible(line, _LONGEST_TEXT) for line in lines)
    return f"::{level} title={visible(title, _LONGEST_TEXT).translate(_IN_PROPERTIES)}::{shown.translate(_IN_DATA)}"


def annotate(run: Run, provider: Provider, environment: Mapping[str, str], write: Callable[[str], None]) -> None:
    """Write the annotations of a run with `write`, which prints one line, and append to the job's summary.

    Both only on GitHub Actions: where `environment` has GITHUB_ACTIONS=true, and the file
    GITHUB_STEP_SUMMARY. A summary that cannot be written is a warning, since it is no verdict.
    """
    if not is_github(environment):
        return
    for note in _at_most(MOST, tuple(_notes(run))):
        write(note.command())
    if not (file := environment.get("GITHUB_STEP_SUMMARY")):
        return
    try:
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(f"\n{to_markdown(run, provider)}\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        write(_Note(level="warning", title="sendproof", lines=(f"no job summary: {reason}",)).command())


@contextmanager
def commands_off(environment: Mapping[str, str], write: Callable[[str], None], token: str) -> Iterator[None]:
    """Let the runner of GitHub read no commands from what is printed inside.

    `token` ends it and must not be guessed: a random word of letters and digits, new each time.
    """
    if not is_github(environment):
        yield
        return
    write(f"::stop-commands::{token}")
    try:
        yield
    finally:
        write(f"::{token}::")


def inert(text: str) -> str:
    """Return a text of one line in which no CI system finds a command such as `##[error]` or `##vso[...]`."""
    return _OLD_COMMAND.sub("# #", text)


def is_github(environment: Mapping[str, str]) -> bool:
    """Whether the environment is that of a job on GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def _at_most(most: int, notes: tuple[_Note, ...]) -> Iterable[_Note]:
    if len(notes) <= most:
        return notes
    shown, rest = notes[: most - 1], notes[most - 1 :]
    return (*shown, _Note(level=rest[0].level, title="sendproof", lines=(f"and {len(rest)} more: see summary.md",)))


def _notes(run: Run) -> Iterator[_Note]:
    """Yield the annotations of a run: first what decides its exit code."""
    gating = unwaived_failures(run)
    others = [item for item in run_view.with_verdict(run, FAIL) if item not in gating]
    if run.environment_error is not None:
        yield _Note(level="error", title=_where(run), lines=(f"nothing was judged: {run.environment_error}",))
    if run.problem is not None:
        yield _Note(level="error", title=_where(run), lines=(run.problem[1],))
    for item in gating:
        yield _failure("error", item, run)
    for error in run.waiver_errors:
        yield _Note(level="error", title=_where(run), lines=(error,))
    for reason, found in run_view.by_reason(run_view.with_verdict(run, ERROR)).items():
        yield _Note(level="error", title=_where(run), lines=(f"error: {reason}", _listed(found)))
    if missing := undecided(run):
        yield _Note(level="error", title=_where(run), lines=("not decided:", _listed(missing)))
    for item in others:
        yield _failure("notice" if item.clause.id in run.waived else "warning", item, run)


def _failure(level: str, verdict: Verdict, run: Run) -> _Note:
    lines = [
        verdict.clause.claim,
        f"expected: {verdict.expected or ''}",
        f"observed: {verdict.observed or ''}",
        f"evidence: {', '.join(verdict.evidence)}",
    ]
    if (waiver := run_view.waiver_of(run, verdict.clause.id)) is not None:
        lines.append(f"{waiver[0]}: {waiver[1]}")
    return _Note(level=level, title=f"{_where(run)}: {verdict.clause.id} ({verdict.clause.level})", lines=tuple(lines))


def _where(run: Run) -> str:
    return f"sendproof {visible(run.name, 60)}"


def _listed(verdicts: Iterable[Verdict]) -> str:
    return ", ".join(run_view.ids(verdicts))
