"""From evidence to a run: judged, with verdicts, waivers and all that reports show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from types import MappingProxyType

import sendproof
from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.errors import UsageError
from sendproof.judge.findings import ACCEPTED, Judgement
from sendproof.judge.history import judge
from sendproof.judge.identities import message_id
from sendproof.judge.reasons import ReasonCode
from sendproof.judge.verdicts import Verdict, verdicts
from sendproof.reports.run_view import Run
from sendproof.runs.applied_waivers import overlay
from sendproof.runs.evidence import Gathered
from sendproof.runs.options import Options
from sendproof.runs.waivers import Waiver, read_waivers
from sendproof.target.pseudonyms import Pseudonym


def judge_run(
    options: Options,
    contract: Contract,
    gathered: Gathered,
    *,
    interrupted: bool,
    today: date,
    problem: tuple[int, str] | None = None,
    judges: bool = True,
) -> Run:
    """Judge what was gathered; the same in every process that reads the same evidence.

    `problem` is what went wrong beside the asking. Without `judges` the exchanges are kept and nobody is judged.
    """
    about = gathered.about
    nothing_to_judge = about["environment_error"] or not judges
    judged = judge(contract, gathered.account, () if nothing_to_judge else gathered.exchanges)
    waivers, problems = _waivers(options, today)
    # A waived failure still explains what rests on it: a waiver changes what gates, and no verdict.
    found = verdicts(contract, judged, gathered.circumstances)
    known = {name: load_contract(name).clauses for name in provider_names()} if waivers else {}
    laid = overlay(waivers, contract, known, about["name"], found, gathered.exchanges, today)
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
        complete=about["complete"] and not interrupted and not _is_short(found),
        left_out=about["left_out"],
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
        pseudonyms=tuple(Pseudonym(**item) for item in about["stand_ins"]),
        notes=(*about["notes"], *laid.notes),
        interrupted=interrupted,
        not_waived=laid.others,
        problem=gathered.problem or problem,
    )


def _is_short(found: Iterable[Verdict]) -> bool:
    """Whether the budget was too small for a required clause: what was left out of others made no run incomplete."""
    return any(item.clause.level == "required" and item.reason == ReasonCode.BUDGET for item in found)


def _waivers(options: Options, today: date) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """Read the waivers; what has become of a file that was right at the start costs no evidence."""
    try:
        return read_waivers(options.waivers, today), ()
    except UsageError as error:
        return (), (str(error),)


def _credits(contract: Contract, judgements: Sequence[Judgement]) -> int | None:
    prices = contract.provider.prices
    if not prices:
        return None
    let_in = [item for item in judgements if item.outcome == ACCEPTED]
    # A retry is answered with the id of its message, which is paid for once.
    messages = {message_id(contract, item) or item.exchange.id: item for item in let_in}
    return sum(prices["mms" if item.analysis.has_media else "sms"] for item in messages.values())
