"""In what two runs were not alike, so that what is compared of them can be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from sendproof.reports import run_view
from sendproof.reports.comparison.comparison_values import Difference
from sendproof.reports.results import SavedRun

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SHORT = 12


def differences(old: SavedRun, new: SavedRun) -> tuple[Difference, ...]:
    """Return in what the circumstances of two runs differ, with what follows from it."""
    told = (
        Difference(name=name, old=value(old), new=value(new), advice=advice)
        for name, value, advice in _COMPARED
        if value(old) != value(new)
    )
    return (*told, *_shortcomings(old, new))


def _where(run: SavedRun) -> str:
    """Return the base URL; mocks get another port in every run."""
    try:
        host = urlsplit(run.base_url).hostname
    except ValueError:
        return run.base_url
    return "a mock" if run.kind == "mock" and host in _LOOPBACK else run.base_url


_COMPARED: tuple[tuple[str, Callable[[SavedRun], str], str], ...] = (
    (
        "contract",
        lambda run: run.contract_sha256[:_SHORT],
        "Clauses are compared by id; those that say something else now are listed as redefined.",
    ),
    (
        "corpus",
        lambda run: run.corpus_sha256[:_SHORT] or "none",
        "Answers and times are compared for the cases that both runs asked.",
    ),
    ("seed", lambda run: str(run.seed), "Generated cases differ; those that both runs asked are compared."),
    ("kind", lambda run: run.kind, "A mock and a live service are not the same target."),
    ("base URL", _where, "What changed may be the place, not the service."),
    ("sendproof", lambda run: run.version, "Two versions may ask and judge differently."),
)


def _shortcomings(old: SavedRun, new: SavedRun) -> Iterator[Difference]:
    if _completeness(old) != _completeness(new):
        yield Difference(
            name="completeness",
            old=_completeness(old),
            new=_completeness(new),
            advice="A run that left out more has decided less; the missing part looks like lost coverage.",
        )
    if old.exchanges is None or new.exchanges is None:
        yield Difference(
            name="exchanges",
            old=_exchanges(old),
            new=_exchanges(new),
            advice="Without a readable exchanges.har beside both results, answers and times are not compared.",
        )
    if new.started < old.started:
        yield Difference(
            name="order",
            old=old.started.isoformat(),
            new=new.started.isoformat(),
            advice="The run that is called new is the older one. Were they meant the other way round?",
        )


def _completeness(run: SavedRun) -> str:
    return run_view.completeness(complete=run.complete, left_out=run.left_out)


def _exchanges(run: SavedRun) -> str:
    return "none" if run.exchanges is None else str(len(run.exchanges))
