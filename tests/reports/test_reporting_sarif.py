from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sendproof.judge.verdicts import FAIL
from sendproof.reports.run_view import Run
from sendproof.reports.sarif import to_sarif, write_sarif
from sendproof.reports.text import is_plain

from .support import changed, clause, contract, exchange, hostile_run, run_of, verdict

ROOT = Path(__file__).parent.parent.parent
BROKEN = verdict("tf.auth.missing-key")
RECOMMENDED = verdict("tf.auth.key-elsewhere")


@cache
def schema() -> Any:
    text = (Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json").read_text("utf-8")
    return jsonschema.Draft4Validator(json.loads(text), format_checker=jsonschema.FormatChecker())


def sarif(run: Run) -> dict[str, Any]:
    (made,) = to_sarif(run, contract(run.provider))["runs"]
    found: dict[str, Any] = json.loads(json.dumps(made))
    return found


def result(run: Run) -> dict[str, Any]:
    (made,) = sarif(run)["results"]
    found: dict[str, Any] = made
    return found


@pytest.mark.parametrize(
    "run",
    [
        run_of(),
        run_of(provider="textingline"),
        run_of(changed(BROKEN, RECOMMENDED), waived={BROKEN.clause.id: "until May"}),
        hostile_run(),
        run_of(environment_error="refused", accepted=0, complete=False),
    ],
    ids=["textflow", "textingline", "waived", "hostile", "environment"],
)
def test_sarif_is_valid(run: Run) -> None:
    schema().validate(to_sarif(run, contract(run.provider)))


def test_schema_would_notice_a_wrong_level() -> None:
    made = to_sarif(run_of(changed(BROKEN)), contract())
    made["runs"][0]["results"][0]["level"] = "fatal"
    assert not schema().is_valid(made)


def test_each_clause_is_a_rule_with_its_source() -> None:
    rules = sarif(run_of())["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(contract().clauses)
    (rule,) = (item for item in rules if item["id"] == "tf.auth.missing-key")
    assert rule["shortDescription"] == {"text": "A request without a key is refused."}
    assert "textflow-send-sms, section Error responses" in rule["help"]["text"]
    assert rule["properties"]["tags"] == ["auth", "required"]


def test_green_run_has_no_results() -> None:
    made = sarif(run_of())
    assert made["results"] == []
    assert made["invocations"][0]["executionSuccessful"] is True


def test_failure_says_what_was_expected_and_observed() -> None:
    found = result(run_of(changed(BROKEN)))
    assert found["message"]["text"] == (
        "A request without a key is refused. Target: textflow (mock). Expected: a 4xx. Observed: 201."
    )
    assert found["properties"]["reproduce"].startswith("curl ")
    assert found["properties"]["evidence"] == ["x1"]


@pytest.mark.parametrize(
    ("given", "facts", "level"),
    [
        (BROKEN, {}, "error"),
        (RECOMMENDED, {}, "warning"),
        (RECOMMENDED, {"strict": True}, "error"),
        (BROKEN, {"waived": {BROKEN.clause.id: "known"}}, "note"),
        (BROKEN, {"not_waived": {BROKEN.clause.id: "another failure"}}, "error"),
    ],
    ids=["required", "recommended", "strict", "waived", "fails differently"],
)
def test_level_tells_what_fails_the_run(given: Any, facts: dict[str, Any], level: str) -> None:
    assert result(run_of(changed(given), **facts))["level"] == level


def test_waiver_is_a_suppression_with_its_reason() -> None:
    assert result(run_of(changed(BROKEN)))["suppressions"] == []
    found = result(run_of(changed(BROKEN), waived={BROKEN.clause.id: "until May"}))
    assert found["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "until May"}]
    assert found["message"]["text"].endswith(" Waived: until May.")


@pytest.mark.parametrize("provider", ["textflow", "textingline"])
def test_location_is_the_line_of_the_clause(provider: str) -> None:
    failing = {
        identity: replace(BROKEN, clause=item)
        for identity, item in contract(provider).clauses.items()
        if item.level != "excluded"
    }
    found = sarif(run_of(failing, provider))["results"]
    assert len({item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for item in found}) == 2
    for item in found:
        place = item["locations"][0]["physicalLocation"]
        lines = (ROOT / place["artifactLocation"]["uri"]).read_text("utf-8").splitlines()
        assert lines[place["region"]["startLine"] - 1] == f'id = "{item["ruleId"]}"'
        assert item["locations"][0]["logicalLocations"][0]["name"] == item["ruleId"]


def fingerprints(run: Run) -> dict[str, str]:
    found: dict[str, str] = result(run)["partialFingerprints"]
    return found


def test_fingerprint_is_that_of_another_run_and_another_failure() -> None:
    other = changed(replace(BROKEN, observed="500", expected="401", evidence=("x7",), violated=2))
    first, second = (
        run_of(changed(BROKEN)),
        run_of(other, seed=7, version="9", base_url="http://127.0.0.1:1", exchanges=()),
    )
    assert fingerprints(first) == fingerprints(second)


@pytest.mark.parametrize(
    ("given", "facts"),
    [(BROKEN, {"name": "staging"}), (BROKEN, {"provider_name": "other"}), (RECOMMENDED, {})],
    ids=["target", "provider", "clause"],
)
def test_fingerprint_differs(given: Any, facts: dict[str, str]) -> None:
    named = {"name": facts.get("name", "textflow")}
    other = replace(run_of(changed(given), **named), provider=facts.get("provider_name", "textflow"))
    made = to_sarif(other, contract())["runs"][0]["results"][0]["partialFingerprints"]
    first = fingerprints(run_of(changed(BROKEN)))
    assert {name for name in first if first[name] == made[name]} == set()


def test_targets_have_categories_of_their_own() -> None:
    assert sarif(run_of(name="staging"))["automationDetails"] == {"id": "sendproof/staging/"}


def test_run_that_could_not_judge_says_so() -> None:
    (invocation,) = sarif(run_of(environment_error="refused", waiver_errors=("expired",), accepted=0))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 11
    assert [item["message"]["text"] for item in invocation["toolExecutionNotifications"]] == ["refused", "expired"]


def test_very_long_command_is_left_out() -> None:
    body = b"".join(index.to_bytes(4, "big") for index in range(6000))
    assert "reproduce" not in result(run_of(changed(BROKEN), exchanges=(exchange(body),)))["properties"]


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in strings(item)]


def test_hostile_text_is_shown_as_text() -> None:
    texts = strings(sarif(hostile_run()))
    assert all(is_plain(text) for text in texts)
    assert max(map(len, texts)) < 20_000


def test_hostile_text_is_no_link() -> None:
    found = result(run_of(changed(verdict(clause().id, FAIL, observed="[here](https://evil.example)"))))
    assert "](" not in found["message"]["text"]


def test_sarif_is_written(tmp_path: Path) -> None:
    write_sarif(run_of(), contract(), tmp_path / "sendproof.sarif")
    assert json.loads((tmp_path / "sendproof.sarif").read_text("utf-8"))["version"] == "2.1.0"
