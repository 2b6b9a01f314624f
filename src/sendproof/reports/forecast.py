"""The plan of a run, to be read before it: in short, as a table, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sendproof.conversation.dry_run import DryRequest
from sendproof.reports.text import visible
from sendproof.target.budget import Spent
from sendproof.target.phone_numbers import masked
from sendproof.target.profile import Budget

FORMAT = 1
_MOST_RECIPIENTS = 4
# One or two requests, or the credits of one message, may stay unspent: what is next needs more. Where a whole scenario
# did not fit, more is left, and every limit is named.
_SPARE = 2
FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "plain": "valid messages",
        "scenario": "retries, limits, credits",
        "keys": "keys of the fixtures",
        "credentials": "missing and wrong keys",
        "near_misses": "keys that are nearly right",
        "carriers": "spellings of the header",
        "elsewhere": "keys in other places",
        "numbers": "spellings of recipients",
        "senders": "senders",
        "failing_recipients": "recipients that fail",
        "lengths": "lengths of texts",
        "texts": "alphabets and signs",
        "texts-generated": "texts made at random",
        "text_facts": "texts that rules refuse",
        "media": "media",
        "idempotency": "keys of messages",
        "json_forms": "forms of JSON",
        "forms": "forms of the body",
        "hostile": "bodies that are odd",
        "unknown_fields": "undocumented fields",
        "methods": "other methods",
        "schema-coverage": "edges of the schema",
        "schema-fuzzing": "made from the schema",
        "messages-generated": "messages made at random",
    }
)
"""Families of cases in words, as a plan names them."""
_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A number of the profile, the messages that should reach it and those that could besides."""

    number: str
    messages: int
    could: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureCost:
    """What a fixture of the profile costs: requests, messages that should be sent, their segments and credits."""

    fixture: str
    requests: int
    messages: int
    segments: int
    credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run would do to a service that keeps every promise.

    `accepted` counts the answers that should let a request in, `messages` the messages they make (a
    retry makes none), `credits` what these cost (None where the contract knows no price). `could`
    requests are left to the service, which lets in `at_most` in all, the budget's limit. `lacking`
    maps each clause that cannot be exercised to the fixture it lacks, `left_out` are those that the
    budget does not reach. `undistinguished` maps the clauses that a balance or a limit of the profile cannot tell from
    broken ones to why, and `advice` says which values would. `standing` is what is known of the pack itself. `found`
    is what other runs of the same ledger have spent already.
    """

    provider: str
    title: str
    name: str
    base_url: str
    is_local: bool
    budget: Budget
    found: Spent
    requests: int
    accepted: int
    messages: int
    could: int
    at_most: int
    credits: int | None
    recipients: tuple[Reach, ...]
    longest_text: int
    duration_s: float
    asked: tuple[DryRequest, ...]
    clauses: int
    lacking: Mapping[str, str]
    left_out: tuple[str, ...]
    stopped: str | None
    costs: tuple[FixtureCost, ...] = ()
    undistinguished: Mapping[str, str] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    standing: str = ""


def to_json(forecast: Forecast) -> str:
    """Return a plan as a JSON document. Numbers are masked unless they are reserved for fiction."""
    return json.dumps(_document(forecast), indent=2) + "\n"


def _document(forecast: Forecast) -> dict[str, Any]:
    budget = forecast.budget
    return {
        "format": FORMAT,
        "target": {
            "provider": forecast.provider,
            "name": visible(forecast.name),
            "base_url": visible(forecast.base_url),
        },
        "budget": {
            "max_requests": budget.max_requests,
            "max_accepted": budget.max_accepted,
            "max_credits": budget.max_credits,
            "max_duration_s": budget.max_duration_s,
            "requests_per_second": budget.requests_per_second,
            "spent_before": {
                "requests": forecast.found.requests,
                "accepted": forecast.found.messages,
                "credits": forecast.found.credits,
            },
        },
        "requests": forecast.requests,
        "accepted": {"should": forecast.accepted, "could": forecast.could, "at_most": forecast.at_most},
        "messages": forecast.messages,
        "credits": forecast.credits,
        "recipients": [
            {"number": masked(item.number), "messages": item.messages, "could": item.could}
            for item in forecast.recipients
        ],
        "longest_text": forecast.longest_text,
        "duration_s": round(forecast.duration_s, 1),
        "clauses": {
            "planned": forecast.clauses - len(forecast.lacking) - len(forecast.left_out),
            "not_exercisable": dict(forecast.lacking),
            "beyond_budget": list(forecast.left_out),
            "not_distinguished": dict(forecast.undistinguished),
        },
        "advice": list(forecast.advice),
        "fixtures": [asdict(item) for item in forecast.costs],
        "order": [
            {"case": item.case.id, "family": item.case.family, "expects": item.case.expects} for item in forecast.asked
        ],
    }


def print_forecast(forecast: Forecast, console: Console) -> None:
    """Print a plan as tables."""
    console.print(Text(visible(f"{forecast.title}: {forecast.name}, {forecast.base_url}", 300), style="bold"))
    if forecast.standing:
        _print_indented(console, f"The pack was {forecast.standing}.")
    for line in _spending(forecast):
        _print_indented(console, line)
    console.print(_recipients(forecast))
    console.print(_order(forecast))
    if forecast.costs:
        console.print(_costs(forecast))
    for title, clauses in _unexercised(forecast).items():
        console.print(Text(title, style="bold"))
        _print_indented(console, visible(", ".join(clauses), None))
    for why in dict.fromkeys(forecast.undistinguished.values()):
        undecided = (clause for clause, other in forecast.undistinguished.items() if other == why)
        console.print(Text("Cannot be told from broken", style="bold"))
        _print_indented(console, visible(f"{', '.join(undecided)}: {why}", None))
    for line in forecast.advice:
        _print_indented(console, visible(line, None))
    if forecast.stopped:
        console.print(Text(visible(forecast.stopped, 300), style="bold red"))


def _print_indented(console: Console, line: str) -> None:
    console.print(Padding(Text(line), _INDENT, expand=False), highlight=False)


def _spending(forecast: Forecast) -> Iterator[str]:
    budget, found = forecast.budget, forecast.found
    yield f"requests: {forecast.requests} of {budget.max_requests}, in about {forecast.duration_s:.0f} s"
    if forecast.duration_s > budget.max_duration_s:
        yield (
            f"time: more than the {budget.max_duration_s:g} s of budget.max_duration_s; what is not asked by then "
            "stays open (exit 10)"
        )
    yield (
        f"accepted: {forecast.accepted} should be, {forecast.could} more could be; never more than {forecast.at_most}"
    )
    yield f"messages: {forecast.messages} that should be sent; the longest text has {forecast.longest_text} characters"
    if forecast.credits is not None:
        limit = "" if budget.max_credits is None else f", never more than {budget.max_credits}"
        yield f"credits: {forecast.credits}{limit}"
    if found.requests:
        yield (
            f"spent before, by runs that did not end in order or share the ledger: {found.requests} requests, "
            f"{found.messages} messages, {found.credits} credits"
        )


def _recipients(forecast: Forecast) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("recipient")
    table.add_column("should reach it", justify="right")
    table.add_column("could besides", justify="right")
    for item in forecast.recipients:
        table.add_row(masked(item.number), str(item.messages), str(item.could))
    return table


def _order(forecast: Forecast) -> Table:
    title = "What is asked, and how a service that keeps every promise answers"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", title_style="")
    table.add_column("asked about", no_wrap=True)
    for name in ("requests", "accepted", "refused", "could be either"):
        table.add_column(name, justify="right")
    families = dict.fromkeys(item.case.family for item in forecast.asked)
    for family in families:
        own = [item for item in forecast.asked if item.case.family == family]
        table.add_row(FAMILIES.get(family, family), *map(str, _counts(own)))
    table.add_section()
    table.add_row("in all", *map(str, _counts(forecast.asked)))
    return table


def _counts(asked: Sequence[DryRequest]) -> tuple[int, int, int, int]:
    """Return how many requests there are, and how many should be accepted, refused, or may be either."""
    accepted = sum(item.is_accepted for item in asked)
    either = sum(item.case.expects == "either" for item in asked)
    return len(asked), accepted, len(asked) - accepted - either, either


def _costs(forecast: Forecast) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("fixture")
    columns = ("requests", "messages", "segments", *(() if forecast.credits is None else ("credits",)))
    for name in columns:
        table.add_column(name, justify="right")
    for item in forecast.costs:
        table.add_row(item.fixture, *(str(getattr(item, name)) for name in columns))
    return table


def _unexercised(forecast: Forecast) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for clause, fixture in forecast.lacking.items():
        name = f"The profile has no fixtures.{fixture}"
        groups[name] = (*groups.get(name, ()), clause)
    if forecast.left_out:
        groups[f"Beyond the budget: raise {_to_raise(forecast)}"] = forecast.left_out
    return groups


def _to_raise(forecast: Forecast) -> str:
    """Return the limits that a plan reaches, or comes so near to that no more can be asked, with the usual values."""
    budget, usual = forecast.budget, Budget()
    spent = forecast.found.requests + forecast.requests
    limits: dict[str, tuple[int, int | str, bool]] = {
        "max_requests": (budget.max_requests, usual.max_requests, spent >= budget.max_requests - _SPARE),
        "max_accepted": (
            budget.max_accepted,
            usual.max_accepted,
            forecast.accepted + forecast.could >= forecast.at_most,
        ),
    }
    if budget.max_credits is not None and forecast.credits is not None:
        spent_credits = forecast.found.credits + forecast.credits
        limits["max_credits"] = (budget.max_credits, "none", spent_credits >= budget.max_credits - _SPARE)
    reached = [name for name, (_, _, is_reached) in limits.items() if is_reached] or list(limits)
    return " and ".join(f"budget.{name} ({limits[name][0]}; usually {limits[name][1]})" for name in reached)


def print_in_short(forecast: Forecast, console: Console) -> None:
    """Print what a run is about to do, in a few lines."""
    lines = (visible(f"{forecast.title}, {forecast.base_url}: about to send", 300), *_spending(forecast))
    shown = [f"{masked(item.number)} ({item.messages})" for item in forecast.recipients]
    more = len(shown) - _MOST_RECIPIENTS
    reached = ", ".join(shown[:_MOST_RECIPIENTS]) + (f" and {more} more" if more > 0 else "")
    for line in (*lines, f"recipients: {reached or 'none'}"):
        console.print(Text(line), soft_wrap=True, highlight=False)
