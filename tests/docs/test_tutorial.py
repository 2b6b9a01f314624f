"""Who types the tutorial sees what it shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .pages import PAGES
from .tutorial import Step, Terminal, folded, steps

TUTORIAL = tuple(steps(PAGES["tutorial.md"]))


def test_tutorial_is_found_in_its_page() -> None:
    assert len(TUTORIAL) >= 8
    assert [step.code for step in TUTORIAL].count(1) == 2
    assert sum(step.serves for step in TUTORIAL) == 2
    assert any("is broken" in line for step in TUTORIAL for line in step.shown)


def test_lines_that_a_run_does_not_print_would_be_noticed() -> None:
    step = Step(script="true\n", code=0, shown=("2 required clauses hold; 4 s",))
    assert _missing(step, "3 required clauses  hold; 8.1 s") == []
    assert _missing(step, "3 required clauses fail; 8.1 s") == ["2 required clauses hold; 4 s"]


def _missing(step: Step, printed: str) -> list[str]:
    seen = {folded(line) for line in printed.splitlines()}
    return [line for line in step.shown if folded(line) not in seen]


@pytest.mark.slow
def test_every_step_ends_and_prints_as_the_tutorial_tells(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        for step in TUTORIAL:
            if "curl " in step.script and shutil.which("curl") is None:
                continue
            code, printed = terminal.type(step)
            assert (code, _missing(step, printed)) == (step.code, []), f"{step.script}\n{printed}"
