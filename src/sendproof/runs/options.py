"""What a run was asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sendproof.target.profile import Budget

DEFAULT_REPORT_DIR = "reports"
DEFAULT_SEED = 0
# As many as Hypothesis generates by default.
DEFAULT_MAX_EXAMPLES = 100
DEFAULT_EFFORT = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What a run spends where the profile does not say less: requests, accepted messages, and how much is generated."""

    max_requests: int
    max_accepted: int
    max_examples: int

    def applied(self, budget: Budget) -> Budget:
        """Return a budget: what a profile states is never exceeded, what it leaves open is the effort's."""
        requests, accepted = self.max_requests, self.max_accepted
        return replace(
            budget,
            max_requests=min(requests, budget.max_requests) if "max_requests" in budget.stated else requests,
            max_accepted=min(accepted, budget.max_accepted) if "max_accepted" in budget.stated else accepted,
        )


EFFORTS: Mapping[str, Effort] = MappingProxyType(
    {
        "quick": Effort(max_requests=250, max_accepted=30, max_examples=DEFAULT_MAX_EXAMPLES),
        "standard": Effort(max_requests=400, max_accepted=60, max_examples=DEFAULT_MAX_EXAMPLES),
        "deep": Effort(max_requests=2_000, max_accepted=500, max_examples=4 * DEFAULT_MAX_EXAMPLES),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one run against one target: a profile's file, or a provider's mock.

    Of a run that asks again, `few`, each clause is asked about by a few cases alone, and by those that `cases` names.
    `confirmed` says that a target elsewhere than on this machine may be sent to, `debug` that an error of
    ours is shown with its traceback.
    """

    provider: str | None = None
    target: Path | None = None
    report_dir: Path = Path(DEFAULT_REPORT_DIR)
    seed: int = DEFAULT_SEED
    max_examples: int = DEFAULT_MAX_EXAMPLES
    concerns: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    few: bool = False
    cases: tuple[str, ...] = ()
    waivers: Path | None = None
    strict: bool = False
    require_complete: bool = False
    quiet: bool = False
    effort: str = DEFAULT_EFFORT
    ledger: Path | None = None
    confirmed: bool = False
    debug: bool = False

    @property
    def name(self) -> str:
        """The folder of this run's reports: the profile's file name without its ending, or the provider."""
        return self.target.stem if self.target is not None else self.provider or ""


def options_of(*, effort: str = DEFAULT_EFFORT, max_examples: int | None = None, **given: Any) -> Options:
    """Return options; how much is generated is the effort's, unless it is given."""
    examples = EFFORTS[effort].max_examples if max_examples is None else max_examples
    return Options(effort=effort, max_examples=examples, **given)
