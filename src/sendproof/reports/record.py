"""One run against one target, as the reports see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sendproof.exchange import Exchange
from sendproof.judge.verdicts import Judgement, Verdict
from sendproof.target.pseudonyms import Pseudonym


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that was learned of one target in one run; nothing in it is secret.

    `kind` is "mock" or "live". `waived` maps clause ids to the reason of a live waiver.
    `environment_error` says why nobody was judged. `credits` is what the run's accepted
    messages cost by the contract's prices, or None where it has none. `variables` maps
    (key name, credential part) to the environment variable that a reproduction uses.
    `withheld` counts cases that the client kept back, by reason. `pseudonyms` are shown for
    numbers and texts of the profile, `notes` say what was not asked any more. `not_waived` says, by
    clause, that a waiver expected another failure. `problem` is an exit code and a line, where an error of
    ours, of this machine or of pytest has a part in how the run ended. `left_out` counts questions that were not asked
    for the budget; a run that left out none about a required clause is `complete`.
    """

    provider: str
    title: str
    kind: str
    base_url: str
    name: str
    version: str
    contract_sha256: str
    corpus_sha256: str
    seed: int
    started: datetime
    duration_s: float
    complete: bool
    strict: bool
    require_complete: bool
    requests: int
    accepted: int
    credits: int | None
    exchanges: tuple[Exchange, ...]
    judgements: tuple[Judgement, ...]
    verdicts: tuple[Verdict, ...]
    waived: Mapping[str, str]
    waiver_errors: tuple[str, ...]
    withheld: Mapping[str, int]
    environment_error: str | None
    variables: Mapping[tuple[str, str], str]
    pseudonyms: tuple[Pseudonym, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    not_waived: Mapping[str, str] = field(default_factory=dict)
    problem: tuple[int, str] | None = None
    left_out: int = 0
