"""What a run shows on the terminal: its results, and its progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from rich import box, progress
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sendproof import exit_codes
from sendproof.contract.provider import Provider
from sendproof.judge.verdicts import ERROR, FAIL, INCONCLUSIVE, Verdict
from sendproof.reports import run_view
from sendproof.reports.curl import exports, reproduction
from sendproof.reports.run_view import Run, exit_code
from sendproof.reports.text import visible

_LONGEST_COMMAND = 8000
_ALWAYS = ("pass", "fail")
# The longest concern with what stands before it, and what rich puts between two columns.
_FIRST_COLUMN, _BETWEEN = 15, 3
_INDENT = (0, 0, 0, 2)
PATIENCE_S = 2.0
_LONGEST_LABEL, _LONGEST_AT_ONCE = 60, 160


def print_run(run: Run, console: Console, provider: Provider, *, quiet: bool = False) -> None:
    """Print the results of a run; with `quiet` the closing line alone."""
    if not quiet and not run_view.is_unjudged(run):
        console.print(_table(run, console.width))
        failures = run_view.with_verdict(run, FAIL)
        for verdict in failures:
            _print_failure(verdict, run, console, provider)
        _print_exports(failures, run, console, provider)
        for title, groups in _all_groups(run, provider):
            _print_groups(title, groups, console)
        for remark in run_view.remarks(run):
            _print_line(console, Text(f"note: {visible(remark, 300)}"))
    if not quiet:
        for error in run.waiver_errors:
            _print_line(console, Text(f"waiver: {visible(error, 1000)}", style="yellow"))
    style = "bold green" if exit_code(run) == exit_codes.OK else "bold red"
    _print_line(console, Text(visible(run_view.closing_line(run), 600), style=style))


def _table(run: Run, width: int) -> Table:
    rows = run_view.by_concern(run)
    shown = [name for name in run_view.COLUMNS if name in _ALWAYS or any(counts[name] for counts in rows.values())]
    heads = [run_view.COLUMNS[name] for name in shown]
    # Where they do not fit side by side, heads have two lines: all seven stand in 80 columns uncut.
    is_narrow = _FIRST_COLUMN + sum(len(head) + _BETWEEN for head in heads) > width
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=is_narrow, show_edge=not is_narrow)
    table.add_column("concern", no_wrap=True)
    for head in heads:
        table.add_column(head.replace(" ", "\n") if is_narrow else head, justify="right", no_wrap=True)
    for concern, counts in rows.items():
        table.add_row(concern, *(_count(name, counts[name]) for name in shown))
    return table


def _count(verdict: str, count: int) -> Text:
    style = "bold red" if count and verdict in (FAIL, ERROR) else "" if count else "dim"
    return Text(str(count), style=style)


def _print_failure(verdict: Verdict, run: Run, console: Console, provider: Provider) -> None:
    waiver = run_view.waiver_of(run, verdict.clause.id)
    _print_line(console, Text(f"{verdict.clause.id} ({verdict.clause.level})", style="bold red"))
    for name, text in (
        ("claim", verdict.clause.claim),
        ("expected", verdict.expected or ""),
        ("observed", verdict.observed or ""),
        ("evidence", ", ".join(verdict.evidence)),
    ):
        _print_indented(console, f"{name}: {visible(text, 300)}")
    if waiver is not None:
        _print_indented(console, f"{waiver[0]}: {visible(waiver[1], 1000)}")
    if command := reproduction(verdict, run, provider):
        long = len(command) > _LONGEST_COMMAND
        _print_line(console, Text("  the command stands in results.json" if long else visible(command, None)))
    console.print()


def _print_exports(failures: Iterable[Verdict], run: Run, console: Console, provider: Provider) -> None:
    commands = (reproduction(verdict, run, provider) for verdict in failures)
    lines = exports((command for command in commands if command and len(command) <= _LONGEST_COMMAND), run, provider)
    if lines:
        console.print(Text("Before you run the commands, fill in:", style="bold"))
    for line in lines:
        _print_line(console, Text(visible(line, 300)))
    if lines:
        console.print()


def _all_groups(run: Run, provider: Provider) -> Iterator[tuple[str, Mapping[str, tuple[Verdict, ...]]]]:
    yield "Errors", run_view.by_reason(run_view.with_verdict(run, ERROR))
    yield "Inconclusive", run_view.by_reason(run_view.with_verdict(run, INCONCLUSIVE))
    yield "Not exercised", run_view.not_exercised(run, provider)


def _print_groups(title: str, groups: Mapping[str, tuple[Verdict, ...]], console: Console) -> None:
    if not groups:
        return
    console.print(Text(title, style="bold"))
    for reason, found in groups.items():
        _print_indented(console, f"{visible(reason, 300)}: {visible(', '.join(run_view.ids(found)), None)}")
    console.print()


def _print_indented(console: Console, text: str) -> None:
    console.print(Padding(Text(text), _INDENT, expand=False), highlight=False)


def _print_line(console: Console, text: Text) -> None:
    """Print one line as it is, however long: it can be copied, and searched for."""
    console.print(text, soft_wrap=True, highlight=False)


class Progress:
    """Shows how far a run is: a bar on a terminal, plain lines elsewhere.

    Nothing is shown before `PATIENCE_S` seconds, and plain lines come that far apart, but for what
    has to be told at once. Colour is the console's matter, which follows `NO_COLOR`.
    """

    def __init__(self, console: Console, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._quiet = quiet
        self._clock = clock
        self._due_s = 0.0
        self._bar: progress.Progress | None = None
        self._task = progress.TaskID(0)

    def __enter__(self) -> Self:
        self._due_s = self._clock() + PATIENCE_S
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int, label: str, *, at_once: bool = False) -> None:
        """Tell that `done` of `total` steps are done, and what is going on; `at_once` if it will take long."""
        if self._quiet or (not at_once and self._bar is None and self._clock() < self._due_s):
            return
        shown = visible(label, _LONGEST_AT_ONCE if at_once else _LONGEST_LABEL)
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            self._due_s = self._clock() + PATIENCE_S
            _print_line(self._console, Text(f"{done}/{total} {shown}"))
            return
        if self._bar is None:
            self._bar = self._started()
        if at_once:
            _print_line(self._console, Text(shown))
            shown = visible(label, _LONGEST_LABEL)
        self._bar.update(self._task, completed=done, total=total, description=shown)

    def _started(self) -> progress.Progress:
        bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        bar.start()
        self._task = bar.add_task("", total=None)
        return bar


class StreamConsole(Console):
    """A console that raises what its stream does: rich itself ends the process with 1 where nobody reads."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is handled."""
        raise  # noqa: PLE0704 - rich calls this while it handles one
