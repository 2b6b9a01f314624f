"""The files for CI of real runs: valid, short, and with every test of the session."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import platformdirs
import pytest

from sendproof.mock.accounts import PROVIDERS
from tests.runs.support import whole_run

from .test_reporting_junit import XSDS, case, case_names
from .test_reporting_junit import schema as junit_schema
from .test_reporting_sarif import schema as sarif_schema

pytestmark = pytest.mark.slow

# pytester moves the home directory, and with it the cache of cases.
CACHE = platformdirs.user_cache_path()
OWN_TESTS = """
from sendproof import ClauseVerdict

CONCERN = "auth"
FAMILIES = ("credentials",)

def test_clause(verdict: ClauseVerdict) -> None:
    verdict.must_hold()

def test_own(record_property) -> None:
    record_property("colour", "red")

def test_own_and_broken() -> None:
    assert [] == [1]
"""


@pytest.fixture(scope="module", params=PROVIDERS)
def green(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_run(tmp_path_factory, request.param).folder


@pytest.mark.parametrize("xsd", XSDS)
def test_junit_of_a_run_is_valid(green: Path, xsd: str) -> None:
    junit_schema(xsd).validate(green / "junit.xml")


def test_junit_of_a_run_has_one_case_for_each_clause_that_can_be_asked(green: Path) -> None:
    clauses = json.loads((green / "results.json").read_text("utf-8"))["clauses"]
    names = case_names(ET.parse(green / "junit.xml").getroot())
    assert names == [item["id"] for item in clauses if item["level"] != "excluded"]


def test_sarif_of_a_run_is_valid_and_empty(green: Path) -> None:
    made = json.loads((green / "sendproof.sarif").read_text("utf-8"))
    sarif_schema().validate(made)
    assert made["runs"][0]["results"] == []


def test_summary_of_a_green_run_is_short(green: Path) -> None:
    assert len((green / "summary.md").read_text("utf-8").splitlines()) < 60


def test_badge_of_a_green_run_says_how_many_hold(green: Path) -> None:
    assert " required hold" in (ET.parse(green / "badge.svg").getroot().get("aria-label") or "")


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))


def own_session(pytester: pytest.Pytester, *arguments: str) -> Path:
    """Run tests of one's own beside clauses with plain pytest; return the folder of the reports."""
    file = pytester.makepyfile(test_mine=OWN_TESTS)
    given = (
        "--sendproof-provider",
        "textflow",
        "--sendproof-report-dir",
        "reports",
        "--sendproof-max-examples",
        "8",
        "-p",
        "no:schemathesis",
    )
    pytester.runpytest_subprocess(str(file), *given, "--sendproof-clause", "tf.auth.missing-key", *arguments)
    return pytester.path / "reports" / "textflow"


@pytest.mark.usefixtures("cache")
def test_own_tests_of_a_session_are_in_junit(pytester: pytest.Pytester) -> None:
    root = ET.parse(own_session(pytester) / "junit.xml").getroot()
    assert sorted(filter(None, case_names(root))) == ["test_own", "test_own_and_broken", "tf.auth.missing-key"]
    assert [item.tag for item in case(root, "test_own_and_broken")] == ["failure"]
    assert float(case(root, "tf.auth.missing-key").get("time", "0")) > 0
    junit_schema(XSDS[0]).validate(root)


@pytest.mark.usefixtures("cache")
def test_junit_file_of_the_user_is_written_too(pytester: pytest.Pytester) -> None:
    folder = own_session(pytester, "--junitxml", "mine.xml")
    for file in (pytester.path / "mine.xml", folder / "junit.xml"):
        assert "test_own" in case_names(ET.parse(file).getroot())
