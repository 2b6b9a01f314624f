"""A comparison as an HTML page that stands by itself."""

from __future__ import annotations

from sendproof.reports.comparison import comparison_words as words
from sendproof.reports.comparison.comparison_values import CLAUSE_CHANGES, ClauseChange, Comparison
from sendproof.reports.pages import render
from sendproof.reports.pages.plots import latency_plot

_MOST = 200
_LONGEST_COMMAND = 16_000


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
        most=_MOST,
    )


def _command(change: ClauseChange) -> str | None:
    """Return the command that shows a failure of the new run; "" for one that is too long for a page."""
    if change.new is None or change.new["verdict"] != "fail" or not change.new["reproduce"]:
        return None
    command: str = change.new["reproduce"]
    return command if len(command) <= _LONGEST_COMMAND else ""
