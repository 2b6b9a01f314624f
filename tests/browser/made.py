"""The pages that are looked at: made once, by the commands that users type, from real runs on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sendproof.cli import main
from sendproof.mock.server import MockServer
from tests.runs.hostile import hostile_service
from tests.runs.support import run_target, whole_run

FAULT, CLAUSE = "key-prefix-enough", "tf.auth.key-prefix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Folders of runs by name, and pages by name."""

    runs: Mapping[str, Path]
    pages: Mapping[str, Path]


def make(folder: Path, factory: pytest.TempPathFactory) -> Made:
    """Run everything, and draw every kind of page from it."""
    runs = {
        "green": whole_run(factory, "textflow").folder,
        "broken": _broken(folder),
        "other": whole_run(factory, "textingline").folder,
        "hostile": _hostile(folder),
    }
    pages = {f"report-{name}": run / "report.html" for name, run in runs.items()}
    for name, old, new in (("broken", "green", "broken"), ("hostile", "green", "hostile"), ("same", "green", "green")):
        pages[f"comparison-{name}"] = folder / f"comparison-{name}.html"
        main(["compare", str(runs[old]), str(runs[new]), "-o", str(pages[f"comparison-{name}"])])
    for name, side_by_side in (("two", ("green", "other")), ("hostile", ("broken", "hostile"))):
        pages[f"vendors-{name}"] = folder / f"vendors-{name}.html"
        given = [str(runs[run]) for run in side_by_side]
        assert main(["matrix", *given, "-o", str(pages[f"vendors-{name}"])]) == 0
    with contextlib.suppress(SystemExit):
        main(["selftest", "textflow", "--only", FAULT, "--jobs", "1", "--report-dir", str(folder), "-q"])
    pages["kill-matrix"] = folder / "selftest" / "matrix.html"
    return Made(runs=runs, pages=pages)


def _broken(folder: Path) -> Path:
    with MockServer("textflow", window_s=0.5, fault=FAULT) as mock:
        code, _ = run_target(folder, mock.profile(), name="broken")
    assert code == 1
    return folder / "reports" / "broken"


def _hostile(folder: Path) -> Path:
    with hostile_service() as profile:
        code, _ = run_target(folder, profile, name="hostile")
    assert code == 1
    return folder / "reports" / "hostile"
