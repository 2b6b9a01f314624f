"""What breaks a run off: what is known so far is written, and nothing of it is green."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import pytest

from sendproof.mock.server import MockServer
from tests.runs.support import to_toml, with_verdict

pytestmark = pytest.mark.slow
CACHE = platformdirs.user_cache_path()
# A process that was started in the background may have been told to ignore interrupts, and hands that on.
HEEDING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from sendproof.__main__ import entry; entry()"
)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pytest with a home of its own use the corpora that are there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))


def test_interrupt_writes_what_is_known_and_is_exit_2(tmp_path: Path) -> None:
    with MockServer("textflow", window_s=0.5) as mock:
        profile = {**mock.profile(), "budget": {"requests_per_second": 40.0, "max_requests": 400, "max_accepted": 300}}
        (tmp_path / "my.toml").write_text(to_toml(profile), "utf-8")
        command = [sys.executable, "-c", HEEDING, "run", "--target", "my.toml", "--max-examples", "8"]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while mock.request_count < 40:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 2, output
    results = json.loads((tmp_path / "reports" / "my" / "results.json").read_text("utf-8"))
    assert results["complete"] is False
    assert results["exit_code"] == 2
    assert results["traffic"]["requests"] >= 40
    assert b"Traceback" not in output


def test_failing_test_of_the_users_own_is_exit_1(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_own="""
        CONCERN = "auth"
        FAMILIES = ("credentials",)

        def test_clause(verdict):
            verdict.must_hold()

        def test_mine(sendproof_run):
            assert sendproof_run.accepted == -1
        """
    )
    result = pytester.runpytest_subprocess(
        "-p",
        "no:schemathesis",
        "--sendproof-provider",
        "textflow",
        "--sendproof-clause",
        "tf.auth.missing-key",
        "--sendproof-max-examples",
        "8",
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*assert * == -1*"])
    results = json.loads((pytester.path / "reports" / "textflow" / "results.json").read_text("utf-8"))
    assert with_verdict(results, "pass") == {"tf.auth.missing-key"}


def test_items_are_named_by_clause_and_collected_without_traffic(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_own="""
        CONCERN = "credits"

        def test_clause(verdict):
            verdict.must_hold()
        """
    )
    result = pytester.runpytest_subprocess(
        "--sendproof-provider", "textingline", "--collect-only", "-q", "-p", "no:schemathesis"
    )
    assert "test_own.py::tl.credits.boundary" in result.outlines
    assert not (pytester.path / "reports").exists()


def test_workers_and_one_process_give_the_same_verdicts(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_own="""
        CONCERN = "errors"
        FAMILIES = ("credentials", "numbers", "keys")

        def test_clause(verdict):
            verdict.must_hold()
        """
    )
    verdicts = []
    for name, arguments in (("one", ()), ("two", ("-n", "2"))):
        pytester.runpytest_subprocess(
            "-p",
            "no:schemathesis",
            "--sendproof-provider",
            "textflow",
            "--sendproof-report-dir",
            name,
            "--sendproof-max-examples",
            "8",
            *arguments,
        )
        results = json.loads((pytester.path / name / "textflow" / "results.json").read_text("utf-8"))
        verdicts.append({item["id"]: item["verdict"] for item in results["clauses"]})
    assert verdicts[0] == verdicts[1]
    assert "pass" in verdicts[0].values()


def test_junit_file_of_an_earlier_session_is_not_read_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_own="""
        CONCERN = "auth"
        FAMILIES = ("credentials",)

        def test_clause(verdict):
            verdict.must_hold()
        """
    )
    stale = pytester.path / "reports" / "textflow" / "junit.xml"
    stale.parent.mkdir(parents=True)
    stale.write_text('<testsuite><testcase name="tf.auth.missing-key"><failure>then</failure></testcase></testsuite>')
    result = pytester.runpytest_subprocess(
        *(
            "-p",
            "no:schemathesis",
            "-p",
            "no:junitxml",
            "--sendproof-provider",
            "textflow",
            "--sendproof-clause",
            "tf.auth.missing-key",
        ),
        *("--sendproof-max-examples", "8"),
    )
    assert result.ret == 0
    text = stale.read_text("utf-8")
    assert "tf.auth.missing-key" in text
    assert "<failure" not in text
