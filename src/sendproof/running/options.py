"""What a run was asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_REPORT_DIR = "reports"
DEFAULT_SEED = 0
DEFAULT_MAX_EXAMPLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one run against one target: a profile's file, or a provider's mock."""

    provider: str | None = None
    target: Path | None = None
    report_dir: Path = Path(DEFAULT_REPORT_DIR)
    seed: int = DEFAULT_SEED
    max_examples: int = DEFAULT_MAX_EXAMPLES
    concerns: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    waivers: Path | None = None
    strict: bool = False
    require_complete: bool = False
    quiet: bool = False
