"""The overlay: what the waivers say of the verdicts, which stay as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from sendproof.contract.model import Contract
from sendproof.errors import suggestion
from sendproof.exchange import Exchange
from sendproof.judge.verdicts import FAIL, PASS, Verdict
from sendproof.reports.signature import matches, signature
from sendproof.reports.text import visible
from sendproof.runs.waivers import Waiver

Known = Mapping[str, Collection[str]]
"""The clause ids of each provider."""
_GO = "Delete this entry."
_ADVISED = ("signature", "issue", "owner", "added")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedWaivers:
    """What becomes of the waivers of one run.

    `live` are the reasons of those that hold, by clause. `errors` say which entries must go
    (exit 12). `others` say, by clause, that a waiver expected another failure. `notes` tell
    what the live ones lack.
    """

    live: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def overlay(
    waivers: Iterable[Waiver],
    contract: Contract,
    known: Known,
    target: str,
    verdicts: Iterable[Verdict],
    exchanges: Iterable[Exchange],
    today: date,
) -> AppliedWaivers:
    """Lay waivers over the verdicts of one target, whose evidence are the `exchanges`. A pure function.

    What is for another provider or target is not looked at. A clause that is not decided
    makes a waiver neither live nor wrong.
    """
    by_id = {verdict.clause.id: verdict for verdict in verdicts}
    asked = {exchange.id: exchange for exchange in exchanges}
    live: dict[str, str] = {}
    others: dict[str, str] = {}
    errors: list[str] = []
    notes: list[str] = []
    for waiver in waivers:
        verdict = by_id.get(waiver.clause)
        if problem := _problem(waiver, contract, known, target, verdict, today):
            errors.append(f"{waiver.where}: {problem}")
        elif verdict is None or verdict.verdict != FAIL or not _is_for(waiver, contract, target):
            continue
        elif waiver.signature is None or matches(waiver.signature, got := signature(verdict, asked)):
            live[waiver.clause] = waiver.reason
            notes += _lacking(waiver)
        else:
            others[waiver.clause] = _other(waiver, got)
    others = {clause: said for clause, said in others.items() if clause not in live}
    return AppliedWaivers(live=live, errors=tuple(errors), others=others, notes=tuple(notes))


def _is_for(waiver: Waiver, contract: Contract, target: str) -> bool:
    return waiver.concerns(contract.provider.name, target)


def _problem(
    waiver: Waiver, contract: Contract, known: Known, target: str, verdict: Verdict | None, today: date
) -> str | None:
    """Return why a waiver must go."""
    if waiver.provider is not None and waiver.provider not in known:
        return f"there is no provider {_unknown(waiver.provider, known)}"
    if not _is_for(waiver, contract, target):
        return None
    named = [waiver.provider] if waiver.provider else list(known)
    if not any(waiver.clause in known[name] for name in named):
        of = f" of {waiver.provider}" if waiver.provider else ""
        return f"there is no clause {_unknown(waiver.clause, {item for name in named for item in known[name]}, of)}"
    if verdict is None:
        return None
    if waiver.expires < today:
        return f"the waiver of {waiver.clause} expired on {waiver.expires}. {_GO}"
    if verdict.verdict == PASS:
        return f"{waiver.clause} passes. {_GO}"
    return None if verdict.clause.gates else f"{waiver.clause} is {verdict.clause.level}: it never fails. {_GO}"


def _unknown(name: str, known: Iterable[str], of: str = "") -> str:
    """Return a name that nothing has, and what to do about it."""
    return f"{visible(name, 100)}{of}. {suggestion(name, sorted(known), _GO)}"


def _other(waiver: Waiver, got: str) -> str:
    return (
        f"{waiver.where} expected another failure: {visible(waiver.signature or '', 200)}; got: {got}. "
        f"If this one is known as well, delete the entry and write a new one with `sendproof waive {waiver.clause}`."
    )


def _lacking(waiver: Waiver) -> Iterator[str]:
    missing = [name for name in _ADVISED if getattr(waiver, name) is None]
    missing += [] if waiver.provider or waiver.target else ["provider or target"]
    if missing:
        broad = ", so it accepts any failure of the clause" if waiver.signature is None else ""
        yield (
            f"{waiver.where}: the waiver of {waiver.clause} has no {', '.join(missing)}{broad}; "
            f"`sendproof waive` writes whole entries"
        )
