"""The suite files, and what each of them uses: the verdict of one clause, to be demanded.

Suites are imported by their place: they are no package.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from sendproof.folders import suites_dir
from sendproof.judge.verdicts import ERROR, FAIL, INCONCLUSIVE, NOT_APPLICABLE, NOT_EXERCISED, Verdict
from sendproof.reports.annotations import inert
from sendproof.reports.run_view import why
from sendproof.reports.text import visible

# A failure with its command is far shorter: only what a target wrote to be long is cut.
_LONGEST_LINE = 8000
EXTRAS = pytest.StashKey[list[dict[str, Any]]]()
"""What the page shows of an item beside its row."""
VERDICT = "verdict"
"""The property of a report that says that the verdict of an item is known."""


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
        the item, says that a required clause was left undecided.
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


@cache
def load_suites() -> tuple[ModuleType, ...]:
    """Return the suite files, in the order of their names."""
    return tuple(_imported(str(file), file.stem) for file in sorted(suites_dir().glob("test_*.py")))


def _imported(file: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, "the suites are Python files"
    assert spec.loader is not None, "the suites are Python files"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
