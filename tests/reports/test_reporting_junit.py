from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import xmlschema

from sendproof.judge.verdicts import ERROR, INCONCLUSIVE, NOT_EXERCISED, ReasonCode, Verdict
from sendproof.reports.junit import to_junit, write_junit
from sendproof.reports.run_view import Run
from sendproof.reports.text import is_plain

from .support import HOSTILE, changed, contract, hostile_run, run_of, verdict

SCHEMAS = Path(__file__).parent / "schemas"
XSDS = ("jenkins-junit-10.xsd", "ant-junit.xsd")
BROKEN = verdict("tf.auth.missing-key")
# What XML can hold of it, as pytest leaves it.
LEGAL = escape(HOSTILE.translate(dict.fromkeys((0, 0x1B, 0xD800))))
OF_PYTEST = f"""
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="5" time="1">
  <testcase classname="test_auth" name="tf.auth.missing-key" time="0.250"><properties>
    <property name="clause" value="tf.auth.missing-key"/></properties>
    <failure message="of pytest">text</failure></testcase>
  <testcase classname="test_auth" name="tf.auth.empty-key" time="0.5"/>
  <testcase classname="test_mine" name="test_plain" time="2.5"/>
  <testcase classname="test_mine" name="test_broken" time="0">
    <failure message="a &lt; b">one&#10;{LEGAL}</failure></testcase>
  <testcase classname="test_mine" name="test_rich" time="1">
    <properties><property name="colour" value="red"/></properties>
    <skipped type="pytest.skip" message="later"/><error message="in teardown">trace</error>
    <system-out>printed</system-out><system-err>warned</system-err></testcase>
</testsuite></testsuites>
"""


@cache
def schema(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMAS / name)


def junit(run: Run, of_pytest: str | None = None) -> ET.Element:
    tree = None if of_pytest is None else ET.fromstring(of_pytest)
    made = to_junit(run, contract(run.provider).provider, tree)
    return ET.fromstring(ET.tostring(made, encoding="utf-8", xml_declaration=True))


def case(root: ET.Element, name: str) -> ET.Element:
    (found,) = (item for item in root.iter("testcase") if item.get("name") == name)
    return found


def suite(root: ET.Element, name: str) -> ET.Element:
    (found,) = (item for item in root.iter("testsuite") if case_names(item) == [name])
    return found


def case_names(item: ET.Element) -> list[str | None]:
    return [found.get("name") for found in item.iter("testcase")]


RUNS = {
    "textflow": run_of(),
    "textingline": run_of(provider="textingline"),
    "broken": run_of(changed(BROKEN)),
    "hostile": hostile_run(),
    "enormous": run_of(changed(verdict(BROKEN.clause.id, observed="\x00\u202e" * 500_000))),
}


@pytest.mark.parametrize("xsd", XSDS)
@pytest.mark.parametrize("run", RUNS.values(), ids=list(RUNS))
def test_junit_is_valid(run: Run, xsd: str) -> None:
    schema(xsd).validate(junit(run, OF_PYTEST))


@pytest.mark.parametrize("xsd", XSDS)
def test_schema_would_notice_properties_of_a_case(xsd: str) -> None:
    root = junit(run_of())
    ET.SubElement(case(root, "tf.auth.missing-key"), "properties")
    assert not schema(xsd).is_valid(root)


def test_each_clause_has_a_suite_with_its_properties() -> None:
    found = suite(junit(run_of(changed(BROKEN))), "tf.auth.missing-key")
    properties = {item.get("name"): item.get("value") for item in found.iter("property")}
    assert properties == {
        "clause": "tf.auth.missing-key",
        "concern": "auth",
        "level": "required",
        "verdict": "fail",
    }
    assert case(found, "tf.auth.missing-key").get("classname") == "sendproof.textflow.auth"


def test_excluded_and_filtered_clauses_are_left_out() -> None:
    run = run_of(changed(verdict("tf.auth.empty-key", NOT_EXERCISED, reason=ReasonCode.FILTERED)))
    names = case_names(junit(run))
    excluded = {item.clause.id for item in run.verdicts if item.clause.level == "excluded"}
    assert excluded
    assert not (excluded | {"tf.auth.empty-key"}) & set(names)
    assert len(names) == len(run.verdicts) - len(excluded) - 1


@pytest.mark.parametrize(
    ("given", "facts", "kind", "message"),
    [
        (BROKEN, {}, "failure", "expected: a 4xx; observed: 201"),
        (BROKEN, {"waived": {BROKEN.clause.id: "until May"}}, "skipped", "waived: until May; observed: 201"),
        (BROKEN, {"not_waived": {BROKEN.clause.id: "another"}}, "failure", "expected: a 4xx; observed: 201"),
        (verdict("tf.auth.key-elsewhere"), {}, "skipped", "recommended; observed: 201"),
        (verdict("tf.auth.key-elsewhere"), {"strict": True}, "failure", "expected: a 4xx; observed: 201"),
        (verdict("tf.auth.empty-key", ERROR, detail="lost"), {}, "error", "error: lost"),
        (verdict("tf.auth.empty-key", INCONCLUSIVE), {}, "skipped", "inconclusive: no reason given"),
        (
            verdict("tf.auth.test-key", NOT_EXERCISED, reason=ReasonCode.NO_FIXTURE),
            {},
            "skipped",
            "not_exercised: no_fixture: test_key",
        ),
        (verdict("tf.auth.empty-key", NOT_EXERCISED, reason=ReasonCode.BUDGET), {}, "skipped", "not_exercised: budget"),
    ],
    ids=["required", "waived", "other failure", "recommended", "strict", "error", "undecided", "fixture", "unasked"],
)
def test_outcome_is_that_of_the_item(given: Verdict, facts: dict[str, Any], kind: str, message: str) -> None:
    found = suite(junit(run_of(changed(given), **facts)), given.clause.id)
    (outcome,) = case(found, given.clause.id)
    assert (outcome.tag, outcome.get("message")) == (kind, message)
    assert [found.get(name) for name in ("failures", "errors", "skipped")] == [
        str(int(kind == name)) for name in ("failure", "error", "skipped")
    ]


@pytest.mark.parametrize("identity", ["tf.auth.missing-key", "tf.auth.refusal-status"])
def test_kept_and_observed_clauses_have_no_outcome(identity: str) -> None:
    assert not list(case(junit(run_of()), identity))


def test_failure_has_claim_evidence_and_command() -> None:
    text = case(junit(run_of(changed(BROKEN))), BROKEN.clause.id).findtext("failure") or ""
    assert text.startswith(
        "claim: A request without a key is refused.\nexpected: a 4xx\nobserved: 201\nevidence: x1\nreproduce: curl "
    )


def test_tests_that_are_no_clause_are_kept() -> None:
    root = junit(run_of(), OF_PYTEST)
    (shared,) = (item for item in root.iter("testsuite") if item.get("name") == "pytest")
    assert case_names(shared) == ["test_plain", "test_broken"]
    assert (shared.get("tests"), shared.get("failures"), shared.get("time")) == ("2", "1", "2.500")
    failure = case(root, "test_broken").find("failure")
    assert failure is not None
    assert failure.get("message") == "a < b"
    assert (failure.text or "").startswith("one\n[31mred[0m  \\u202egnp.exe")


def test_properties_and_output_of_other_tests_stand_in_a_suite_of_their_own() -> None:
    found = suite(junit(run_of(), OF_PYTEST), "test_rich")
    assert [item.attrib for item in found.iter("property")] == [{"name": "colour", "value": "red"}]
    assert (found.findtext("system-out"), found.findtext("system-err")) == ("printed", "warned")
    assert [item.tag for item in case(found, "test_rich")] == ["error"]


def test_clause_keeps_the_failure_of_its_item() -> None:
    found = case(junit(run_of(), OF_PYTEST), "tf.auth.missing-key")
    assert [(item.tag, item.get("message")) for item in found] == [("failure", "of pytest")]


def test_clause_has_the_time_of_its_item() -> None:
    assert case(junit(run_of(), OF_PYTEST), "tf.auth.missing-key").get("time") == "0.250"


def test_failure_of_the_run_stands_before_that_of_pytest() -> None:
    found = case(junit(run_of(changed(BROKEN)), OF_PYTEST), "tf.auth.missing-key")
    assert [item.get("message") for item in found] == ["expected: a 4xx; observed: 201"]


def test_all_text_is_shown_as_what_it_is() -> None:
    for element in junit(hostile_run(), OF_PYTEST).iter():
        texts = [*element.attrib.values(), *(element.text or "").split("\n")]
        assert all(is_plain(text) for text in texts), element.tag


def test_file_takes_the_place_of_that_of_pytest(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    file.write_text(OF_PYTEST, "utf-8")
    write_junit(run_of(), contract().provider, file, file)
    assert "test_plain" in case_names(ET.parse(file).getroot())
    assert file.read_bytes().startswith(b"<?xml version='1.0' encoding='utf-8'?>")


@pytest.mark.parametrize("of_pytest", [None, Path("nowhere/junit.xml")], ids=["none", "absent"])
def test_file_is_written_without_that_of_pytest(tmp_path: Path, of_pytest: Path | None) -> None:
    file = tmp_path / "junit.xml"
    write_junit(run_of(), contract().provider, file, of_pytest)
    schema(XSDS[0]).validate(file)
