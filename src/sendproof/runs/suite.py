"""What a suite file uses: the verdict of one clause, to be demanded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from sendproof.judge.verdicts import ERROR, FAIL, INCONCLUSIVE, NOT_APPLICABLE, NOT_EXERCISED, Verdict
from sendproof.reports.annotations import inert
from sendproof.reports.run_view import why
from sendproof.reports.text import visible

_LONGEST_LINE = 8000
EXTRAS = pytest.StashKey[list[dict[str, Any]]]()
"""What the page shows of an item beside its row."""
VERDICT = "verdict"
"""The property of a report by which an item tells that its verdict is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseVerdict:
    """The verdict of one clause in a pytest item."""

    verdict: Verdict
    reproduce: str | None
    waiver: str | None
    strict: bool

    def must_hold(self) -> None:
        """Pass if the clause is kept or observed; fail if it is broken and gates.

        What was not decided is skipped with its reason: the exit code of the run, not
        the item, tells that a required clause was left undecided.
        """
        verdict = self.verdict
        if verdict.verdict == FAIL:
            self._fail()
        elif verdict.verdict == ERROR:
            pytest.fail(_said(f"error: {verdict.detail}"), pytrace=False)
        elif verdict.verdict in (INCONCLUSIVE, NOT_EXERCISED, NOT_APPLICABLE):
            pytest.skip(_said(f"{verdict.verdict}: {why(verdict)}"))

    def _fail(self) -> None:
        verdict = self.verdict
        lines = [verdict.clause.claim, f"expected: {verdict.expected}", f"observed: {verdict.observed}"]
        lines += [f"reproduce: {self.reproduce}"] if self.reproduce else []
        if self.waiver is not None:
            pytest.xfail(_said(f"waived: {self.waiver}"))
        if verdict.clause.level == "recommended" and not self.strict:
            pytest.xfail(_said("recommended: " + lines[2]))
        pytest.fail("\n".join(map(_said, lines)), pytrace=False)


def _said(line: str) -> str:
    """Return a line as pytest may print it: whatever the target wrote, it is text."""
    return inert(visible(line, _LONGEST_LINE))
