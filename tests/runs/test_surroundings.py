"""Whatever surrounds a run, it ends with a code of its own: never with that of a broken promise, never in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import platformdirs
import pytest

from sendproof.mock.server import MockServer
from sendproof.reports.write import FILES
from tests.runs.support import UNBOUNDED, to_toml

pytestmark = pytest.mark.slow
CACHE = str(platformdirs.user_cache_path())
# One clause asks a dozen requests.
SMALL = ("run", "textflow", "--clause", "tf.auth.missing-key", "--max-examples", "8")
GREEN = "every required clause that was asked holds"


def run(
    folder: Path, *arguments: str, shell: str = '"$@"', environment: Mapping[str, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run sendproof in a folder, by a line of shell in which `"$@"` stands for it."""
    env = {**os.environ, "XDG_CACHE_HOME": CACHE, **(environment or {})}
    words = [sys.executable, "-m", "sendproof", *(arguments or SMALL)]
    return subprocess.run(
        ["bash", "-c", shell, "bash", *words],
        cwd=folder,
        env={name: value for name, value in env.items() if value is not None},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=120,
        check=False,
    )


def code_in(folder: Path, name: str = "textflow") -> int:
    """Return the exit code that the results of a run tell."""
    code: int = json.loads((folder / "reports" / name / "results.json").read_text("utf-8"))["exit_code"]
    return code


FOREIGN = {
    "PYTEST_ADDOPTS": "-k nothing -W error --timeout=1 -p no:sendproof --nope",
    "PYTEST_PLUGINS": "no_such_plugin",
    "PYTHONWARNINGS": "error",
    "PYTEST_TIMEOUT": "1",
}


def test_run_is_the_same_whatever_is_meant_for_other_sessions_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("raise RuntimeError('a conftest of somebody else')", "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nope\nfilterwarnings = error\n", "utf-8")
    (tmp_path / "broken.py").write_text("raise RuntimeError('an installed plugin')", "utf-8")
    installed = tmp_path / "broken-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", "utf-8")
    (installed / "entry_points.txt").write_text("[pytest11]\nbroken = broken\n", "utf-8")
    ended = run(tmp_path, environment={**FOREIGN, "PYTHONPATH": str(tmp_path)})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert GREEN in ended.stdout
    assert code_in(tmp_path) == 0


def test_plugin_takes_no_option_from_a_project(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n"
        "    for name in ('target', 'seed', 'provider', 'yes', 'clause', 'waivers', 'report-dir'):\n"
        "        parser.addoption(f'--{name}')\n",
        "utf-8",
    )
    (tmp_path / "test_own.py").write_text(
        "def test_own(request):\n    assert request.config.getoption('--target') == 'x'\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "--target", "x", "-p", "no:schemathesis", "-p", "sendproof.plugin"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--", "-k", "nothing"), 5),
        (("--", "--collect-only"), 5),
        (("--", "--help"), 5),
        (("--", "--no-such-option"), 4),
        (("--", "-n", "2"), 0),
    ],
    ids=lambda item: " ".join(item[1:]) if isinstance(item, tuple) else str(item),
)
def test_run_in_which_pytest_executes_nothing_is_not_green(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    ended = run(tmp_path, *SMALL, *arguments)
    assert ended.returncode == code
    if code != 4:
        assert code_in(tmp_path) == code


@pytest.mark.parametrize(
    ("shell", "code", "told"),
    [
        (
            '"$@" >&-',
            11,
            "standard output: expected a stream that can be written, got: it is closed. Nothing was sent.",
        ),
        ('"$@" >/dev/full', 11, "standard output: expected a stream that can be written"),
        ('set -o pipefail; "$@" | true', 11, "standard output"),
        ('set -o pipefail; "$@" | head -c 1 >/dev/null', 11, "what is printed here is read no more"),
        ('"$@" <&- 2>&-', 0, ""),
        ('mkdir gone; cd gone; rmdir ../gone; "$@"', 4, "--report-dir"),
    ],
    ids=["closed", "full", "unread", "left", "input closed", "no folder"],
)
def test_lost_streams_are_told_and_accuse_nobody(tmp_path: Path, shell: str, code: int, told: str) -> None:
    ended = run(tmp_path, shell=shell)
    assert ended.returncode == code
    assert told in ended.stderr
    results = tmp_path / "reports" / "textflow" / "results.json"
    if results.exists():
        assert code_in(tmp_path) == code


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
        {"COLUMNS": "12", "TERM": "dumb"},
        {"HOME": None, "XDG_CACHE_HOME": None, "XDG_STATE_HOME": None},
        {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": None, "XDG_STATE_HOME": None},
        {"TMPDIR": "/proc/nowhere"},
        {"PYTHONOPTIMIZE": "2"},
    ],
    ids=["ascii", "narrow", "no home", "home that cannot be written", "no temporary folder", "without asserts"],
)
def test_poor_places_do(tmp_path: Path, environment: Mapping[str, str | None]) -> None:
    ended = run(tmp_path, environment={**environment, "PYTHONWARNINGS": "ignore"})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert code_in(tmp_path) == 0


def test_names_that_are_no_utf_8_and_have_blanks_do(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/a b\xff$HOME"
    with MockServer("textflow", window_s=0.5) as mock:
        name = os.fsdecode(folder + b"/my \xfe.toml")
        Path(os.fsdecode(folder)).mkdir()
        Path(name).write_text(to_toml({**mock.profile(), "budget": UNBOUNDED}), "utf-8")
        ended = run(Path(os.fsdecode(folder)), "run", "--target", name, *SMALL[2:])
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in Path(os.fsdecode(folder + b"/reports/my \xfe")).iterdir()} == set(FILES)


@pytest.mark.parametrize("name", ["results.json", "report.html", "exchanges.har"])
def test_file_that_cannot_be_written_is_told_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    (tmp_path / "reports" / "my" / name).mkdir(parents=True)
    with MockServer("textflow") as mock:
        (tmp_path / "my.toml").write_text(to_toml(mock.profile()), "utf-8")
        ended = run(tmp_path, "run", "--target", "my.toml", *SMALL[2:])
        assert mock.request_count == 0
    assert ended.returncode == 4
    assert f"reports/my/{name}: expected a file that can be written, got 'Is a directory'" in ended.stderr


def test_results_of_an_earlier_run_are_gone_when_a_run_cannot_tell_anything(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "my"
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_text("of yesterday", "utf-8")
    with MockServer("textflow") as mock:
        (tmp_path / "my.toml").write_text(to_toml(mock.profile()), "utf-8")
    ended = run(tmp_path, "run", "--target", "my.toml", *SMALL[2:])
    assert ended.returncode == 11
    assert [name for name in FILES if b"of yesterday" in (folder / name).read_bytes()] == []
    assert code_in(tmp_path, "my") == 11


def test_library_that_cannot_be_imported_is_an_internal_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "httpx.py").write_text("raise ImportError('built for another Python')", "utf-8")
    ended = run(tmp_path, environment={"PYTHONPATH": str(tmp_path)})
    assert ended.returncode == 3
    assert ended.stderr.splitlines() == [
        "sendproof: internal error: ImportError: built for another Python. "
        "Run it again with --debug to see where, and report it."
    ]
    assert "Traceback" in run(tmp_path, *SMALL, "--debug", environment={"PYTHONPATH": str(tmp_path)}).stderr


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("raise RuntimeError('at once')", 11, "cannot be collected: RuntimeError: at once"),
        ("def test_own(nothing):\n    pass", 3, "fixture 'nothing' not found"),
        ("def test_own(sendproof_run):\n    assert sendproof_run.accepted < 0", 11, "a test that is no clause failed"),
    ],
    ids=["import", "fixture", "own test"],
)
def test_file_of_the_users_own_that_fails_is_told(tmp_path: Path, text: str, code: int, told: str) -> None:
    (tmp_path / "test_mine.py").write_text(text, "utf-8")
    ended = run(tmp_path, *SMALL, "--", "test_mine.py")
    assert ended.returncode == code
    assert told in ended.stdout
    assert code_in(tmp_path) == code
