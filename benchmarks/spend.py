"""Measure what spend buys: how many faults are found within budgets of fewer and fewer accepted messages.

    python benchmarks/spend.py docs/spend

puts the suites to every fault of both mocks within each budget, and writes `docs/spend.json` and the plot
`docs/spend.svg`. It takes about a minute and a half for each budget on two cores.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from sendproof.runs.options import EFFORTS
from sendproof.runs.selftest import KILLED, outcome_of
from sendproof.runs.trial import FAULT, LIVE_BUDGET, Subject, Trial, plan_once, subjects, tried

ACCEPTED = (60, 50, 40, 30, 20, 10)
PROVIDERS = ("textingline", "textflow")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 360, 56, 48
_COLOURS = {"textingline": "#0b6e99", "textflow": "#b3541e"}


def main() -> None:
    """Measure every budget and write what was found."""
    target = Path(sys.argv[1])
    faults = tuple(subject for subject in subjects(PROVIDERS) if subject.kind == FAULT)
    for name in PROVIDERS:
        plan_once(name, 0, 100)
    budgets = [(int(LIVE_BUDGET["max_requests"]), accepted) for accepted in ACCEPTED]
    budgets.append((EFFORTS["quick"].max_requests, EFFORTS["quick"].max_accepted))
    rows: list[dict[str, Any]] = []
    for max_requests, max_accepted in budgets:
        rows += _row(faults, max_requests, max_accepted)
        print(*rows[-len(PROVIDERS) :], sep="\n", flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    target.with_suffix(".svg").write_text(_plot(rows), "utf-8")


def _row(faults: Sequence[Subject], max_requests: int, max_accepted: int) -> Iterator[dict[str, Any]]:
    budget = {**LIVE_BUDGET, "max_requests": max_requests, "max_accepted": max_accepted}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=context) as pool:
        trials = list(pool.map(partial(_tried, budget), faults))
    for provider in PROVIDERS:
        own = [trial for trial in trials if trial.subject.provider == provider]
        yield {
            "provider": provider,
            "max_requests": max_requests,
            "max_accepted": max_accepted,
            "faults": len(own),
            "killed": sum(outcome_of(trial) == KILLED for trial in own),
            "not_killed": sorted(trial.subject.name for trial in own if outcome_of(trial) != KILLED),
        }


def _tried(budget: dict[str, float], subject: Subject) -> Trial:
    return tried(subject, 0, 100, thorough=False, budget=budget)


def _plot(rows: Sequence[dict[str, Any]]) -> str:
    """Return the curve of each provider as SVG: kills in per cent over the accepted messages that a run may spend."""
    most = max(row["max_accepted"] for row in rows)
    lowest = min(100 * row["killed"] / row["faults"] for row in rows) // 10 * 10

    def place(accepted: float, share: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - 24) * accepted / most
        return x, 24 + (_HEIGHT - 24 - _BOTTOM) * (100 - share) / (100 - lowest)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">',
        "<title>Faults found, in per cent, by the accepted messages that a run may spend</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for share in range(int(lowest), 101, 10):
        _, y = place(0, share)
        lines.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - 24}" stroke="#ddd"/>')
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share} %</text>')
    for accepted in range(0, most + 1, 10):
        x, y = place(accepted, lowest)
        lines.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{accepted}</text>')
    for number, provider in enumerate(PROVIDERS):
        full = [row for row in rows if row["provider"] == provider and row["max_requests"] == rows[0]["max_requests"]]
        points = [place(row["max_accepted"], 100 * row["killed"] / row["faults"]) for row in full]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        colour = _COLOURS[provider]
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
        lines.append(f'<text x="{_WIDTH - 140}" y="{_HEIGHT - 90 + 18 * number}" fill="{colour}">{provider}</text>')
    middle = (_LEFT + _WIDTH) / 2
    lines.append(f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">accepted messages allowed</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
