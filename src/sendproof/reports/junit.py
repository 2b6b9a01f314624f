"""The run as JUnit XML (`junit.xml`).

The schemas that CI systems check against, of the Jenkins xunit plugin and of Ant's JUnit task,
allow `<properties>` in a `<testsuite>` and not in a `<testcase>`, where pytest puts them. So each
clause is a suite of its own with one case. What else the session tested is taken from pytest's file.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from sendproof.contract.provider import Provider
from sendproof.judge.verdicts import ERROR, FAIL, NOT_EXERCISED, OBSERVATION, PASS, ReasonCode, Verdict
from sendproof.reports import run_view
from sendproof.reports.curl import reproduction
from sendproof.reports.run_view import Run, unwaived_failures
from sendproof.reports.text import visible

_LONGEST_TEXT = 2000
_LONGEST_MESSAGE = 300
_LONGEST_COMMAND = 16_000
_LONGEST_OUTPUT = 100_000
_SKIPPED, _FAILURE, _ERROR = "skipped", "failure", "error"
# A case has one outcome at most: the latest of these.
_KINDS = (_SKIPPED, _FAILURE, _ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """Why a case did not pass; `kind` is the name of its element. A skip has no type: Ant's schema forbids it."""

    kind: str
    message: str
    type: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One test case, with what only a suite may hold beside it."""

    name: str
    classname: str
    time_s: float = 0.0
    outcome: _Outcome | None = None
    properties: tuple[tuple[str, str], ...] = ()
    out: str = ""
    err: str = ""


def to_junit(run: Run, provider: Provider, of_pytest: ET.Element | None = None) -> ET.Element:
    """Return `<testsuites>`: a suite for each clause that was chosen, and pytest's cases that are no clause.

    A clause that pytest failed for a reason of its own keeps that failure.
    """
    found = [] if of_pytest is None else list(_cases(of_pytest))
    catalogue = {item.clause.id for item in run.verdicts}
    asked = {name: tuple(item for item in found if item.name == name) for name in {item.name for item in found}}
    cases = [_of_clause(item, run, provider, asked.get(item.clause.id, ())) for item in run.verdicts if _chosen(item)]
    return _suites(cases, [item for item in found if item.name not in catalogue], run)


def write_junit(run: Run, provider: Provider, path: Path, of_pytest: Path | None = None) -> None:
    """Write a run as JUnit XML, with the other tests of the file that pytest wrote, which may be `path`."""
    tree = None
    if of_pytest is not None and of_pytest.is_file():
        # A full disk leaves half of it.
        with suppress(ET.ParseError):
            tree = ET.parse(of_pytest).getroot()  # noqa: S314 - pytest wrote it in this process
    root = to_junit(run, provider, tree)
    ET.indent(root)
    path.write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _chosen(verdict: Verdict) -> bool:
    """Whether pytest has an item for a clause: not where it is excluded, or was left out by the user."""
    return verdict.clause.level != "excluded" and (verdict.verdict, verdict.reason) != (
        NOT_EXERCISED,
        ReasonCode.FILTERED,
    )


def _of_clause(verdict: Verdict, run: Run, provider: Provider, asked: tuple[_Case, ...]) -> _Case:
    clause = verdict.clause
    given = (
        ("clause", clause.id),
        ("concern", clause.concern),
        ("level", clause.level),
        ("verdict", verdict.verdict),
        ("reason", verdict.reason),
        ("detail", verdict.detail),
        ("observation", verdict.observation),
        ("waiver", run.waived.get(clause.id)),
    )
    # A skip of pytest's is what the verdict tells, too.
    of_pytest = (item.outcome for item in asked if item.outcome is not None and item.outcome.kind != _SKIPPED)
    return _Case(
        name=clause.id,
        classname=f"sendproof.{run.name}.{clause.concern}",
        time_s=sum(item.time_s for item in asked),
        outcome=_worst((_outcome(verdict, run, provider), *of_pytest)),
        properties=tuple((name, value) for name, value in given if value is not None),
    )


def _worst(outcomes: Iterable[_Outcome | None]) -> _Outcome | None:
    """Return the first of the worst."""
    return max((item for item in outcomes if item is not None), key=lambda item: _KINDS.index(item.kind), default=None)


def _outcome(verdict: Verdict, run: Run, provider: Provider) -> _Outcome | None:
    """Return what `must_hold` makes of a verdict; what was not decided is skipped, with its reason."""
    if verdict.verdict in (PASS, OBSERVATION):
        return None
    if verdict.verdict == FAIL:
        return _broken(verdict, run, provider)
    if verdict.verdict == ERROR:
        return _Outcome(kind=_ERROR, type=ERROR, message=f"error: {verdict.detail}")
    fixture = run_view.fixture_for(verdict.clause, provider) if verdict.reason == ReasonCode.NO_FIXTURE else None
    reason = f"{verdict.reason}: {fixture}" if fixture else run_view.why(verdict)
    return _Outcome(kind=_SKIPPED, message=f"{verdict.verdict}: {reason}")


def _broken(verdict: Verdict, run: Run, provider: Provider) -> _Outcome:
    waiver = run_view.waiver_of(run, verdict.clause.id)
    command = reproduction(verdict, run, provider)
    given = (
        ("claim", verdict.clause.claim),
        ("expected", verdict.expected),
        ("observed", verdict.observed),
        ("evidence", ", ".join(verdict.evidence)),
        waiver or ("waived", None),
        ("reproduce", command if command is None or len(command) <= _LONGEST_COMMAND else "see results.json"),
    )
    text = "\n".join(f"{name}: {_shown(value, name)}" for name, value in given if value)
    if any(item is verdict for item in unwaived_failures(run)):
        message = f"expected: {verdict.expected}; observed: {verdict.observed}"
        return _Outcome(kind=_FAILURE, type=verdict.clause.level, message=message, text=text)
    why = f"waived: {run.waived[verdict.clause.id]}" if verdict.clause.id in run.waived else verdict.clause.level
    message = f"{why}; observed: {verdict.observed}"
    return _Outcome(kind=_SKIPPED, message=message, text=text)


def _shown(text: str, name: str) -> str:
    return visible(text, None if name == "reproduce" else _LONGEST_TEXT)


def _cases(root: ET.Element) -> Iterator[_Case]:
    """Yield the cases of a file that pytest wrote."""
    for case in root.iter("testcase"):
        outcomes = (_of_element(element) for kind in _KINDS for element in case.iter(kind))
        yield _Case(
            name=case.get("name", ""),
            classname=case.get("classname", ""),
            time_s=float(case.get("time", "0")),
            outcome=_worst(outcomes),
            properties=tuple((item.get("name", ""), item.get("value", "")) for item in case.iter("property")),
            out=case.findtext("system-out", ""),
            err=case.findtext("system-err", ""),
        )


def _of_element(element: ET.Element) -> _Outcome:
    kind = element.tag
    return _Outcome(
        kind=kind, type=element.get("type", kind), message=element.get("message", ""), text=element.text or ""
    )


def _suites(clauses: Iterable[_Case], others: Iterable[_Case], run: Run) -> ET.Element:
    root = ET.Element("testsuites")
    plain: list[_Case] = []
    for case in clauses:
        _add_suite(root, case.name, case.classname, (case,), run)
    for case in others:
        if case.properties or case.out or case.err:
            _add_suite(root, case.name, case.classname, (case,), run)
        else:
            plain.append(case)
    if plain:
        _add_suite(root, "pytest", "pytest", plain, run)
    return root


def _add_suite(root: ET.Element, name: str, package: str, cases: Iterable[_Case], run: Run) -> None:
    """Add a suite of these cases; its elements stand in the order that Ant's schema demands."""
    cases = tuple(cases)
    kinds = Counter(case.outcome.kind for case in cases if case.outcome is not None)
    facts = {
        "name": name,
        "package": package,
        "id": str(len(root)),
        "timestamp": run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": "localhost",
        "tests": str(len(cases)),
        "failures": str(kinds[_FAILURE]),
        "errors": str(kinds[_ERROR]),
        "skipped": str(kinds[_SKIPPED]),
        "time": _seconds(sum(case.time_s for case in cases)),
    }
    suite = ET.SubElement(root, "testsuite", {key: _attribute(value) for key, value in facts.items()})
    properties = ET.SubElement(suite, "properties")
    for key, value in (pair for case in cases for pair in case.properties):
        ET.SubElement(properties, "property", {"name": _attribute(key), "value": _attribute(value)})
    for case in cases:
        _add_case(suite, case)
    ET.SubElement(suite, "system-out").text = _lines("\n".join(case.out for case in cases if case.out))
    ET.SubElement(suite, "system-err").text = _lines("\n".join(case.err for case in cases if case.err))


def _add_case(suite: ET.Element, case: _Case) -> None:
    facts = {"classname": _attribute(case.classname), "name": _attribute(case.name), "time": _seconds(case.time_s)}
    element = ET.SubElement(suite, "testcase", facts)
    if case.outcome is not None:
        facts = {"message": _attribute(visible(case.outcome.message, _LONGEST_MESSAGE))}
        if case.outcome.kind != _SKIPPED:
            facts["type"] = _attribute(case.outcome.type)
        ET.SubElement(element, case.outcome.kind, facts).text = _lines(case.outcome.text)


def _seconds(time_s: float) -> str:
    return f"{time_s:.3f}"


def _attribute(text: str) -> str:
    """Return what a reader sees of a text, never empty: names may not be."""
    return visible(text, _LONGEST_TEXT) or "-"


def _lines(text: str) -> str:
    """Return a text of several lines with everything unseen as an escape: XML has no NUL, and no ESC."""
    return "\n".join(visible(line, None) for line in text[:_LONGEST_OUTPUT].split("\n"))
