"""A run rehearsed: the same conversation, with nobody at the other end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sendproof.contract.model import Contract, load_provider
from sendproof.conversation.conversation import Conversation
from sendproof.conversation.dry_run import DryRequest, DryRun, DryRunClock
from sendproof.conversation.evidence import Evidence
from sendproof.conversation.plan import Plan
from sendproof.judge.credits import codes_of_insufficient_credits
from sendproof.runs.asking import token
from sendproof.target.budget import Allowance
from sendproof.target.ledger import Ledger, Spent
from sendproof.target.pacing import Pacing
from sendproof.target.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunOutcome:
    """What would be asked, what a service that keeps every promise would answer, and how long it would take."""

    asked: Sequence[DryRequest]
    evidence: Evidence
    duration_s: float


def hold_dry_run(
    contract: Contract, profile: Profile, plan: Plan, found: Spent, *, share: int | None = None
) -> DryRunOutcome:
    """Rehearse what a plan asks of a profile, of whose budget others have spent what was `found`.

    `share` is how many messages balances and limits may take; None: what the plan leaves them.
    """
    clock, budget = DryRunClock(), profile.budget
    left = replace(
        budget,
        max_requests=budget.max_requests - found.requests,
        max_accepted=budget.max_accepted - found.messages,
        max_credits=None if budget.max_credits is None else budget.max_credits - found.credits,
    )
    with Ledger() as ledger:
        pacing = Pacing(budget.requests_per_second, clock, ledger)
        dry_run = DryRun(
            profile,
            load_provider(profile.provider),
            clock,
            Allowance(left, ledger),
            pacing,
            short_code=next(iter(codes_of_insufficient_credits(contract)), None),
        )
        conversation = Conversation(
            contract,
            profile,
            dry_run,
            plan,
            clock=clock,
            token=token,
            show_progress=_nothing,
            keep=_nothing,
            share=share,
        )
        evidence = conversation.hold()
    return DryRunOutcome(asked=dry_run.sent, evidence=evidence, duration_s=clock.at_s)


def _nothing(*told: object, **more: object) -> None:
    """Take what nobody looks at."""
