"""What a conversation gathered: the exchanges, and why something was not asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sendproof.exchange import Exchange
from sendproof.target.budget import BudgetSpent


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What a conversation gathered. `exchanges` grows while it lasts.

    `withheld` counts by reason what could not be made for the target or may not leave.
    `left_out` names the questions that were not asked for the budget, `for_budget` the clauses that they are about.
    `too_dear` are the clauses that only a balance or limit shows for which the budget has no room, each with why;
    `share` is how many accepted messages they may take together.
    `complete` says that the asking was not broken off.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    has_accepted: bool = False
    withheld: dict[str, int] = field(default_factory=dict)
    budget_spent: str | None = None
    time_spent: str | None = None
    left_out: set[str] = field(default_factory=set)
    too_dear: dict[str, str] = field(default_factory=dict)
    share: int = 0
    for_budget: set[str] = field(default_factory=set)
    environment_error: str | None = None
    stopped: str | None = None
    complete: bool = False
    notes: tuple[str, ...] = ()

    def note_spent(self, spent: BudgetSpent) -> None:
        """Remember that something could not be asked any more, and which limit has to be raised for it."""
        self.budget_spent = str(spent)
        if spent.setting == "max_duration_s" and self.time_spent is None:
            self.time_spent = str(spent)

    def leave_out(self, question: str, clauses: Iterable[str]) -> None:
        """Remember a question that was not asked for the budget, and the clauses that it is about."""
        self.left_out.add(question)
        self.for_budget.update(clauses)
