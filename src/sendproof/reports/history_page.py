"""A history as a page that stands by itself, and as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from sendproof import exit_codes
from sendproof.reports.pages import render
from sendproof.reports.run_history import BETTER, WORSE, History
from sendproof.reports.text import visible

FIRST_SCREEN = 12
"""So many changes stand open; the rest is behind a fold."""
MOST_COLUMNS = 120
"""So many runs have a column each: four months of nights. The newest are shown."""
_SIGNS = {WORSE: "▼", BETTER: "▲"}
_COLOURS = {WORSE: "red", BETTER: "green"}
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 120, 56, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A line over the runs: its points in pixels, each with what it says, and the value at the top of the scale."""

    title: str
    points: tuple[tuple[float, float, str], ...]
    top: str
    width: int = _WIDTH
    height: int = _HEIGHT

    @property
    def line(self) -> str:
        """Return the points as SVG reads them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in self.points)


def to_page(history: History) -> str:
    """Return the page: what changed, newest first; latency and cost; the clauses that were not always kept."""
    first = max(0, len(history.runs) - MOST_COLUMNS)
    return render(
        "history.html",
        history=history,
        lead=closing_line(history),
        events=[(event, _day(history, event.at), _SIGNS.get(event.kind, "◆")) for event in history.events],
        first_screen=FIRST_SCREEN,
        failing=[(row, _day(history, since)) for row, since in history.failing],
        days=[f"{run.started:%Y-%m-%d %H:%M}" for run in history.runs[first:]],
        first=first,
        moved=[row for row in history.rows if not row.is_steady],
        steady=[row for row in history.rows if row.is_steady],
        plots=list(_plots(history)),
    )


def print_history(history: History, console: Console) -> None:
    """Print the changes, the newest first, and the state of the newest run."""
    for event in history.events:
        said = f"{_day(history, event.at)}  {_SIGNS.get(event.kind, '◆')} {visible(event.what, 80)}"
        said += f" ({event.level}): " if event.level else ": "
        said += (
            f"{visible(event.before, 80)} → {visible(event.after, 80)}" if event.before else visible(event.after, 80)
        )
        console.print(Text(said, style=_COLOURS.get(event.kind, "")), soft_wrap=True)
    console.print(Text(closing_line(history)), soft_wrap=True)


def closing_line(history: History) -> str:
    """Return the history in one line."""
    first, last = history.runs[0].started, history.runs[-1].started
    failing = len(history.failing)
    state = f"{_count(failing, 'clause')} failing" if failing else "no clause failing"
    code = history.runs[-1].exit_code
    span = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    runs, changes = _count(len(history.runs), "run"), _count(len(history.events), "change")
    ended = "passed" if code == exit_codes.OK else f"exit code {code}"
    return f"{visible(history.name, 60)}: {runs}, {span}, {changes}; the newest: {ended}, {state}"


def _day(history: History, at: int) -> str:
    return f"{history.runs[at].started:%Y-%m-%d}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _plots(history: History) -> Iterator[Plot]:
    for kind in history.runs[0].latency_ms:
        yield from _plot(
            history, f"median latency, {kind} requests", "ms", [r.latency_ms.get(kind) for r in history.runs]
        )
    for name in ("requests", "accepted", "credits"):
        title = {"requests": "requests sent", "accepted": "messages accepted", "credits": "credits spent"}[name]
        yield from _plot(history, title, "", [run.traffic[name] for run in history.runs])


def _plot(history: History, title: str, unit: str, values: Sequence[float | None]) -> Iterator[Plot]:
    known = [(at, value) for at, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return
    top = max(value for _, value in known) or 1
    step = (_WIDTH - _LEFT - 8) / max(1, len(values) - 1)
    points = tuple(
        (
            _LEFT + at * step,
            8 + (_HEIGHT - _BOTTOM - 8) * (1 - value / top),
            f"{history.runs[at].started:%Y-%m-%d %H:%M}: {value:.4g} {unit}".rstrip(),
        )
        for at, value in known
    )
    yield Plot(title=title, points=points, top=f"{top:.4g} {unit}".rstrip())
