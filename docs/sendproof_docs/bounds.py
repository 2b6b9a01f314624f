"""What a comparison says, and the figures by which it decides what it may say."""

from __future__ import annotations

from collections.abc import Mapping

from sendproof.reports.comparison import answer_changes, comparison_values, latency
from sendproof.reports.comparison.comparison_words import TITLES

from .markdown import table

CHANGES: Mapping[str, str] = {
    comparison_values.REGRESSED: "It passed or was observed, and fails now.",
    comparison_values.FAILS_NOW: "It was not decided, and fails now.",
    comparison_values.LOST: "It was decided, and is not any more.",
    comparison_values.FAILS_DIFFERENTLY: "It failed, and fails now in another way.",
    comparison_values.FIXED: "It failed, and holds now.",
    comparison_values.GAINED: "It was not decided, and holds now.",
    comparison_values.OBSERVATION: "An open clause has another value.",
    comparison_values.UNDECIDED: "It was not decided, and is not now, for another reason.",
    comparison_values.NEW: "Only the newer contract has it.",
    comparison_values.RETIRED: "Only the older contract has it.",
    comparison_values.REDEFINED: "Its level, claim or concern is another one.",
}
"""What each change of a clause means."""


def page() -> str:
    """Return the table of the bounds."""
    rows = [
        ("the chance that any interval of a comparison misses the truth", f"{latency.CHANCE:.0%}, all together"),
        ("the fewest answers of a group in each run", str(latency.FEWEST_TIMES)),
        ("the most batches of a group", str(latency.MOST_BATCHES)),
        ("the smallest shift that is told of a group", _shift(latency.SMALLEST_SHIFT_MS, latency.SMALLEST_RATIO)),
        (
            "the smallest shift that is told of all answers together",
            _shift(latency.SMALLEST_COMMON_SHIFT_MS, latency.SMALLEST_COMMON_RATIO),
        ),
        ("the chance below which a change of answers is told as certain", f"{answer_changes.CHANCE:.1%}"),
    ]
    return table(("bound", "value"), rows)


def changes() -> str:
    """Return the table of the changes of a clause, the worst first."""
    rows = [(TITLES[kind], told, "yes" if kind in comparison_values.GATING else "no") for kind, told in CHANGES.items()]
    return table(("heading", "what happened to the clause", "exit 1"), rows)


def _shift(shift_ms: float, ratio: float) -> str:
    return f"more than {shift_ms:g} ms, and by more than a factor of {ratio:g}"
