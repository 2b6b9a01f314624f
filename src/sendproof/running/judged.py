"""From evidence to a run: judged, with verdicts, waivers and all that reports show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType

import sendproof
from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.errors import UsageError
from sendproof.judge.findings import ACCEPTED, Judgement
from sendproof.judge.history import Judged, judge
from sendproof.judge.identities import message_id
from sendproof.judge.verdicts import Verdict, verdicts
from sendproof.reporting.record import Run
from sendproof.running.evidence import Gathered
from sendproof.running.options import Options
from sendproof.running.overlay import Overlay, overlay
from sendproof.running.waivers import Waiver, read_waivers
from sendproof.target.masking import StandIn


def judge_run(options: Options, contract: Contract, gathered: Gathered, *, interrupted: bool, today: date) -> Run:
    """Judge what was gathered; the same in every process that reads the same evidence."""
    about = gathered.about
    judged = judge(contract, gathered.account, () if about["environment_error"] else gathered.exchanges)
    waivers, problems = _waivers(options, today)
    found, laid = _overlaid(waivers, contract, judged, gathered, today)
    return Run(
        provider=contract.provider.name,
        title=contract.provider.title,
        kind=about["kind"],
        base_url=about["base_url"],
        name=about["name"],
        version=sendproof.__version__,
        contract_sha256=contract.sha256,
        corpus_sha256=about["corpus_sha256"],
        seed=options.seed,
        started=datetime.fromisoformat(about["started"]),
        duration_s=about["duration_s"],
        complete=about["complete"] and not interrupted,
        strict=options.strict,
        require_complete=options.require_complete,
        requests=about["traffic"]["requests"],
        accepted=about["traffic"]["accepted"],
        credits=_credits(contract, judged.judgements),
        exchanges=gathered.exchanges,
        judgements=judged.judgements,
        verdicts=found,
        waived=laid.live,
        waiver_errors=(*problems, *laid.errors),
        withheld=MappingProxyType(dict(about["withheld"])),
        environment_error=about["environment_error"],
        variables=MappingProxyType({(key, part): name for key, part, name in about["variables"]}),
        stand_ins=tuple(StandIn(**item) for item in about["stand_ins"]),
        notes=(*about["notes"], *laid.notes),
        interrupted=interrupted,
        not_waived=laid.others,
    )


def _waivers(options: Options, today: date) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """Read the waivers; what has become of a file that was right at the start costs no evidence."""
    try:
        return read_waivers(options.waivers, today), ()
    except UsageError as error:
        return (), (str(error),)


def _overlaid(
    waivers: Sequence[Waiver],
    contract: Contract,
    judged: Judged,
    gathered: Gathered,
    today: date,
) -> tuple[tuple[Verdict, ...], Overlay]:
    """Return the verdicts, in which a waived failure explains no other, and what the waivers say of them."""
    known = {name: load_contract(name).clauses for name in provider_names()} if waivers else {}
    waived: frozenset[str] = frozenset()
    while True:
        found = verdicts(contract, judged, replace(gathered.circumstances, waived=waived))
        laid = overlay(waivers, contract, known, gathered.about["name"], found, gathered.exchanges, today)
        if waived.issuperset(laid.live):
            return found, laid
        # What a waived failure would explain stands by itself now, and may have a waiver of its own.
        waived = waived.union(laid.live)


def _credits(contract: Contract, judgements: Sequence[Judgement]) -> int | None:
    prices = contract.provider.prices
    if not prices:
        return None
    let_in = [item for item in judgements if item.outcome == ACCEPTED]
    # A retry is answered with the id of its message, which is paid for once.
    messages = {message_id(contract, item) or item.exchange.id: item for item in let_in}
    return sum(prices["mms" if item.reading.has_media else "sms"] for item in messages.values())
