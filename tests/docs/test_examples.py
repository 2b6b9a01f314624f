"""The examples in Python run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sendproof.exit_codes import INCOMPLETE, OK

from .pages import PAGES, fences

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("page", "arguments", "code"),
    [
        ("mock.md", (), OK),
        ("own-suites.md", ("--sendproof-provider", "textflow", "--sendproof-report-dir", "reports"), INCOMPLETE),
    ],
)
def test_examples_of_a_page_pass(tmp_path: Path, page: str, arguments: tuple[str, ...], code: int) -> None:
    blocks = [body for language, body in fences(PAGES[page]) if language == "python"]
    (tmp_path / "test_mine.py").write_text("\n".join(blocks), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_mine.py", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert " passed" in done.stdout
    assert (done.returncode, " failed" in done.stdout) == (code, False), done.stdout
