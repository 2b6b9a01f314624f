"""Many runs of one target over time: what changed when, how fast it answered, what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import Any

from sendproof.errors import UsageError
from sendproof.reports.results import RESULTS_NAME, load_results
from sendproof.reports.text import visible

DECIDED = ("pass", "fail")
BACK_AND_FORTH = 4
"""A clause whose verdict changed so often is said once, as changing: each change would hide the others."""
EACH_SIDE = 5
"""Runs before and after a shift of latency. That all of five lie below all of five others by chance: 1 in 252."""
LEAST_SHIFT = 1.25
"""The smallest shift of latency that is said: a median that is a quarter longer."""

BETTER, WORSE, NEUTRAL = "better", "worse", "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOfHistory:
    """One run: the parts of its `results.json` that a history shows. `latency_ms` are medians by kind of answer."""

    file: Path
    started: datetime
    exit_code: int
    version: str
    contract_sha256: str
    traffic: Mapping[str, int | None]
    latency_ms: Mapping[str, float | None]
    clauses: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that changed with one run: `at` is its number, from 0. `clause` is None for what is no clause's."""

    at: int
    kind: str
    what: str
    before: str
    after: str
    clause: str | None = None
    level: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A clause over all runs: its verdict in each, None where the contract had no such clause."""

    id: str
    level: str
    concern: str
    claim: str
    verdicts: tuple[str | None, ...]

    @property
    def is_steady(self) -> bool:
        """Whether the clause had one verdict in all runs, and it was no failure."""
        return len(set(self.verdicts)) == 1 and self.verdicts[0] not in ("fail", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The runs of one target in the order of their times, and what changed; the newest change first."""

    provider: str
    name: str
    base_url: str
    runs: tuple[RunOfHistory, ...]
    events: tuple[Event, ...]
    rows: tuple[Row, ...]

    @property
    def failing(self) -> tuple[tuple[Row, int], ...]:
        """Return the clauses that fail in the newest run, each with the number of the run since which it does."""
        found = []
        for row in self.rows:
            if row.verdicts[-1] == "fail":
                since = len(row.verdicts) - 1
                while since and row.verdicts[since - 1] not in ("pass", None):
                    since -= 1
                found.append((row, next(i for i in range(since, len(row.verdicts)) if row.verdicts[i] == "fail")))
        return tuple(found)


def load_history(paths: Sequence[Path]) -> History:
    """Read every results file that is named, or lies anywhere below a folder that is.

    UsageError where there is none, or where they are of several targets.
    """
    files = sorted({file for path in paths for file in _files(path)})
    if not files:
        raise UsageError(f"history: expected results of runs, got none below {', '.join(map(str, paths))[:200]}.")
    loaded = [(file, load_results(file)) for file in files]
    targets = {(data["target"]["provider"], data["target"]["name"]): data["target"]["base_url"] for _, data in loaded}
    if len(targets) > 1:
        shown = ", ".join(sorted(visible(f"{name} ({provider})", 60) for provider, name in targets)[:6])
        raise UsageError(f"history: expected runs of one target, got runs of {shown}. Name the folders of one.")
    (((provider, name), base_url),) = targets.items()
    runs = tuple(sorted((_run(file, data) for file, data in loaded), key=lambda run: run.started))
    rows = tuple(_rows(runs))
    events = sorted(_events(runs, rows), key=lambda event: (-event.at, event.kind != WORSE, event.what))
    return History(provider=provider, name=name, base_url=base_url, runs=runs, events=tuple(events), rows=rows)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from path.rglob(RESULTS_NAME)
    else:
        yield path


def _run(file: Path, data: Mapping[str, Any]) -> RunOfHistory:
    try:
        started = datetime.fromisoformat(data["started"])
    except ValueError as error:
        raise UsageError(f"{file}: started: expected a moment in UTC, got {data['started']!r}.") from error
    return RunOfHistory(
        file=file,
        started=started,
        exit_code=data["exit_code"],
        version=data["suite"]["version"],
        contract_sha256=data["suite"]["contract_sha256"],
        traffic={name: data["traffic"][name] for name in ("requests", "accepted", "credits")},
        latency_ms={kind: figures.get("p50") for kind, figures in data["latency_ms"].items()},
        clauses={record["id"]: record for record in data["clauses"]},
    )


def _rows(runs: Sequence[RunOfHistory]) -> Iterator[Row]:
    newest_first: dict[str, Mapping[str, Any]] = {}
    for run in reversed(runs):
        newest_first = {**run.clauses, **newest_first}
    for name, record in newest_first.items():
        found = [run.clauses.get(name) for run in runs]
        yield Row(
            id=name,
            level=record["level"],
            concern=record["concern"],
            claim=record["claim"],
            verdicts=tuple(item["verdict"] if item is not None else None for item in found),
        )


def _events(runs: Sequence[RunOfHistory], rows: Sequence[Row]) -> Iterator[Event]:
    for row in rows:
        yield from _of_verdicts(row)
        yield from _of_observations(row, runs)
    for kind in runs[0].latency_ms:
        yield from _of_latency(kind, [run.latency_ms.get(kind) for run in runs])
    for at, (old, new) in enumerate(pairwise(runs), 1):
        if old.version != new.version:
            yield Event(at=at, kind=NEUTRAL, what="version of sendproof", before=old.version, after=new.version)
        elif old.contract_sha256 != new.contract_sha256:
            yield Event(at=at, kind=NEUTRAL, what="the clauses themselves", before="", after="another contract")


def _of_verdicts(row: Row) -> Iterator[Event]:
    """Yield the changes between holding and failing; runs that left the clause open lie between."""
    decided = [(at, verdict) for at, verdict in enumerate(row.verdicts) if verdict in DECIDED]
    changes = [(at, old, new) for (_, old), (at, new) in pairwise(decided) if old != new and old and new]
    if len(changes) >= BACK_AND_FORTH:
        failed = sum(verdict == "fail" for _, verdict in decided)
        after = f"failed in {failed} of {len(decided)} runs"
        yield _event(row, changes[-1][0], WORSE, before=f"changed {len(changes)} times", after=after)
    else:
        for at, old, new in changes:
            yield _event(row, at, WORSE if new == "fail" else BETTER, before=old, after=new)
    if decided and len(row.verdicts) - decided[-1][0] > EACH_SIDE:
        last = decided[-1][0]
        yield _event(row, last + 1, WORSE, before=decided[-1][1] or "", after="not decided any more")


def _of_observations(row: Row, runs: Sequence[RunOfHistory]) -> Iterator[Event]:
    """Yield the changes of what an open clause saw, where both lasted for two runs, or the new is the newest run's."""
    seen = [(at, record["observation"]) for at, run in enumerate(runs) if (record := run.clauses.get(row.id))]
    seen = [(at, said) for at, said in seen if said]
    spans = [(said, [at for at, _ in group]) for said, group in groupby(seen, key=lambda item: item[1])]
    if len(spans) > BACK_AND_FORTH:
        return
    for (old, before), (new, after) in pairwise(spans):
        if len(before) >= 2 and (len(after) >= 2 or after[-1] == len(runs) - 1):
            yield _event(row, after[0], NEUTRAL, before=str(old), after=str(new))


def _of_latency(kind: str, medians: Sequence[float | None]) -> Iterator[Event]:
    """Yield the runs with which the median shifted: all runs before are on one side of all that follow."""
    known = [(at, value) for at, value in enumerate(medians) if value]
    shifts: dict[int, tuple[float, float]] = {}
    for index in range(EACH_SIDE, len(known) - EACH_SIDE + 1):
        before = [value for _, value in known[index - EACH_SIDE : index]]
        after = [value for _, value in known[index : index + EACH_SIDE]]
        slower, faster = min(after) > max(before), max(after) < min(before)
        ratio = median(after) / median(before)
        if (slower or faster) and max(ratio, 1 / ratio) >= LEAST_SHIFT:
            shifts[index] = (median(before), median(after))
    for _, group in groupby(enumerate(shifts), key=lambda item: item[1] - item[0]):
        # Neighbouring splits show one shift: where the two sides differ most.
        index = max((split for _, split in group), key=lambda split: abs(shifts[split][1] / shifts[split][0] - 1))
        old, new = shifts[index]
        yield Event(
            at=known[index][0],
            kind=WORSE if new > old else BETTER,
            what=f"latency of {kind} requests",
            before=f"{old:.3g} ms",
            after=f"{new:.3g} ms",
        )


def _event(row: Row, at: int, kind: str, *, before: str, after: str) -> Event:
    return Event(at=at, kind=kind, what=row.id, before=before, after=after, clause=row.id, level=row.level)
