from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sendproof.contract.clause import CONCERNS, LEVELS
from sendproof.errors import SendproofError, UsageError
from sendproof.judge.verdicts import NOT_EXERCISED, VERDICTS, ReasonCode
from sendproof.reports.results import SCHEMA_FILE, load_results, to_results, write_results
from sendproof.reports.run_view import Run, exit_code, undecided

from .support import changed, contract, exchange, green_verdicts, hostile_run, judgement, run_of, verdict

SCHEMA = json.loads(SCHEMA_FILE.read_text("utf-8"))
PROVIDER = contract().provider
REQUIRED, RECOMMENDED, OPEN = "tf.auth.missing-key", "tf.auth.key-elsewhere", "tf.auth.refusal-status"


def is_valid(data: object) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(data))


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_schema_knows_the_words_of_the_code() -> None:
    clause = SCHEMA["$defs"]["clause"]["properties"]
    assert clause["concern"]["enum"] == list(CONCERNS)
    assert clause["level"]["enum"] == list(LEVELS)
    assert clause["verdict"]["enum"] == list(VERDICTS)


def test_results_have_the_documented_shape() -> None:
    run = run_of(
        changed(verdict(REQUIRED)),
        credits=7,
        judgements=(judgement("accepted", 0.002), judgement("accepted", 0.001), judgement("throttled", 9.0)),
    )
    data = to_results(run, PROVIDER)
    clauses = data.pop("clauses")
    assert data.pop("summary")["required"] == {
        "pass": sum(item.verdict == "pass" and item.clause.level == "required" for item in run.verdicts),
        "fail": 1,
        "observed": 0,
        "inconclusive": 0,
        "not_exercised": sum(
            item.verdict == "not_exercised" and item.clause.level == "required" for item in run.verdicts
        ),
        "not_applicable": 0,
        "error": 0,
    }
    assert data == {
        "format": 1,
        "suite": {
            "version": "0.1.0",
            "contract_sha256": contract().sha256,
            "corpus_sha256": "0" * 64,
            "seed": 0,
        },
        "target": {
            "provider": "textflow",
            "kind": "mock",
            "base_url": "http://127.0.0.1:8080",
            "name": "textflow",
        },
        "started": "2026-03-15T14:30:00.123Z",
        "duration_s": 3.142,
        "complete": True,
        "exit_code": 1,
        "traffic": {"requests": 380, "accepted": 41, "credits": 7, "left_out": 0},
        "latency_ms": {
            "accepted": {"count": 2, "p50": 1.0, "p95": 2.0, "p99": 2.0},
            "refused": {"count": 0},
        },
    }
    assert clauses[3] == {
        "id": REQUIRED,
        "concern": "auth",
        "level": "required",
        "verdict": "fail",
        "reason": None,
        "detail": None,
        "claim": "A request without a key is refused.",
        "exercised": 3,
        "violated": 1,
        "expected": "a 4xx",
        "observed": "201",
        "keyword": None,
        "pointer": None,
        "observation": None,
        "evidence": ["x1"],
        "suspects": [],
        "reproduce": clauses[3]["reproduce"],
        "waiver": None,
    }
    assert clauses[3]["reproduce"].startswith("curl ")


@pytest.mark.parametrize("name", ["textflow", "textingline"])
def test_results_have_one_record_for_each_clause_in_the_order_of_the_catalogue(name: str) -> None:
    data = to_results(run_of(provider=name), contract(name).provider)
    assert [item["id"] for item in data["clauses"]] == list(contract(name).clauses)
    counted = sum(sum(counts.values()) for counts in data["summary"].values())
    assert counted == sum(item["level"] != "excluded" for item in data["clauses"])
    assert is_valid(data)


def test_results_give_the_start_in_utc() -> None:
    started = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert to_results(run_of(started=started), PROVIDER)["started"] == "2025-12-31T23:00:00.000Z"


def test_results_name_a_waiver() -> None:
    data = to_results(run_of(changed(verdict(REQUIRED)), waived={REQUIRED: "known"}), PROVIDER)
    assert data["clauses"][3]["waiver"] == "known"


def test_hostile_results_are_written_and_read_again(tmp_path: Path) -> None:
    run, path = hostile_run(), tmp_path / "results.json"
    write_results(run, PROVIDER, path)
    assert load_results(path) == to_results(run, PROVIDER)
    assert path.read_text("utf-8").isascii()
    assert "\\ud800" not in path.read_text("utf-8").replace("\\\\ud800", "")
    assert [item.name for item in path.parent.iterdir()] == ["results.json"]


def test_invalid_results_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("before")
    with pytest.raises(SendproofError, match=r"expected valid results, got \$\.target\.kind"):
        write_results(run_of(kind="other"), PROVIDER, path)
    assert path.read_text() == "before"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected results in JSON"),
        (b"\xff", "expected results in JSON"),
        (b"[" * 100_000, "expected results in JSON"),
        (b'{"format": NaN}', "NaN, which is no JSON"),
        (b"[]", "expected results of a run"),
        (b"{}", "'format' is a required property"),
        (b'{"format": 2}', "expected format 1, got 2. Use the version that wrote it"),
        (b'{"format": "\\u001b[31m"}', r"got '\\x1b\[31m'"),
    ],
    ids=["empty", "bytes", "deep", "nan", "array", "no format", "later format", "hostile format"],
)
def test_what_is_no_results_file_is_a_usage_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        load_results(path)


def test_missing_results_are_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a readable file, got 'No such file or directory'"):
        load_results(tmp_path / "results.json")


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("extra",), 1),
        (("clauses", 3, "extra"), 1),
        (("clauses", 3, "waiver"), 1),
        (("clauses", 3, "evidence"), []),
        (("clauses", 0, "id"), "TF"),
        (("clauses", 1, "reason"), "because"),
        (("latency_ms", "refused"), {"count": 0, "p50": 1.0}),
        (("latency_ms", "refused"), {"count": 2}),
        (("summary", "open"), {"pass": 1}),
        (("started",), "2026-03-15 14:30"),
        (("suite", "seed"), None),
    ],
)
def test_schema_refuses_other_shapes(where: tuple[str | int, ...], value: object) -> None:
    data: Any = to_results(run_of(changed(verdict(REQUIRED))), PROVIDER)
    assert is_valid(data)
    *path, last = where
    place = data
    for step in path:
        place = place[step]
    place[last] = value
    assert not is_valid(data)


def after(*verdicts: Any, **facts: Any) -> Run:
    return run_of(changed(*verdicts), **facts)


CODES = {
    "green": (run_of(), 0),
    "required fails": (after(verdict(REQUIRED)), 1),
    "required fails, waived": (after(verdict(REQUIRED), waived={REQUIRED: "known"}), 0),
    "recommended fails": (after(verdict(RECOMMENDED)), 0),
    "recommended fails, strict": (after(verdict(RECOMMENDED), strict=True), 1),
    "recommended fails, strict, waived": (after(verdict(RECOMMENDED), strict=True, waived={RECOMMENDED: "known"}), 0),
    "required inconclusive": (after(verdict(REQUIRED, "inconclusive")), 10),
    "recommended inconclusive": (after(verdict(RECOMMENDED, "inconclusive"), strict=True), 0),
    "open not asked": (after(verdict(OPEN, "not_exercised", reason=ReasonCode.BUDGET)), 0),
    **{
        f"required not asked: {reason}": (after(verdict(REQUIRED, "not_exercised", reason=reason)), code)
        for reason, code in (
            ("no_fixture", 0),
            ("filtered", 0),
            ("budget", 10),
            ("dependency", 10),
            ("no_test", 10),
            (None, 10),
        )
    },
    **{
        f"required {verdict_}, {reason}": (after(verdict(REQUIRED, verdict_, reason=ReasonCode(reason))), code)
        for verdict_, reason, code in (
            ("inconclusive", "not_distinguished", 0),
            ("inconclusive", "void", 0),
            ("inconclusive", "no_fixture", 0),
            ("inconclusive", "filtered", 0),
            ("inconclusive", "account_dry", 10),
            ("inconclusive", "throttled", 10),
            ("inconclusive", "suspect", 10),
            ("inconclusive", "undecided", 10),
            ("not_exercised", "void", 0),
        )
    },
    "green, complete asked": (run_of(require_complete=True), 10),
    "filtered, complete asked": (
        after(verdict(REQUIRED, "not_exercised", reason=ReasonCode.FILTERED), require_complete=True),
        10,
    ),
    "required not applicable": (after(verdict(REQUIRED, "not_applicable")), 0),
    "environment": (run_of(environment_error="refused connection"), 11),
    "error": (after(verdict(OPEN, "error")), 11),
    "nothing accepted": (run_of(accepted=0), 11),
    "waiver": (run_of(waiver_errors=("expired",)), 12),
    "interrupted": (run_of(interrupted=True), 2),
    "interrupted and broken": (after(verdict(REQUIRED), interrupted=True, accepted=0), 2),
    "broken and environment": (after(verdict(REQUIRED), environment_error="lost", waiver_errors=("x",)), 1),
    "environment and waiver": (run_of(environment_error="lost", waiver_errors=("x",)), 11),
    "waiver and incomplete": (after(verdict(REQUIRED, "inconclusive"), waiver_errors=("x",)), 12),
}


@pytest.mark.parametrize(("run", "code"), CODES.values(), ids=CODES)
def test_exit_code_follows_the_table(run: Run, code: int) -> None:
    assert exit_code(run) == code
    assert to_results(run, PROVIDER)["exit_code"] == code


@pytest.mark.parametrize("reason", ReasonCode)
@pytest.mark.parametrize("verdict_", ["inconclusive", "not_exercised"])
def test_complete_run_demands_all_that_asking_could_decide(verdict_: str, reason: ReasonCode) -> None:
    run = after(verdict(REQUIRED, verdict_, reason=reason), require_complete=True)
    missing = {item.clause.id for item in undecided(run)}
    assert (REQUIRED in missing) == (reason not in ("void", "not_distinguished"))


def test_results_of_before_reasons_were_codes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(after(verdict(REQUIRED, "inconclusive", reason=ReasonCode.UNDECIDED)), PROVIDER, path)
    data = json.loads(path.read_text("utf-8"))
    for item in data["clauses"]:
        del item["detail"], item["suspects"]
        if item["reason"] == "undecided":
            item["reason"] = "answered 500"
    path.write_text(json.dumps(data), "utf-8")
    read = {item["id"]: item for item in load_results(path)["clauses"]}
    assert (read[REQUIRED]["reason"], read[REQUIRED]["detail"]) == ("undecided", "answered 500")
    assert read["tf.auth.test-key"]["reason"] == "no_fixture"


def test_results_without_judged_exchanges_are_valid() -> None:
    verdicts = tuple(
        replace(item, verdict=NOT_EXERCISED, reason=ReasonCode.DEPENDENCY, observation=None, exercised=0, evidence=())
        for item in green_verdicts().values()
    )
    run = run_of(environment_error="no", verdicts=verdicts, exchanges=(), accepted=0, corpus_sha256="")
    assert is_valid(to_results(run, PROVIDER))


def test_exchange_that_cannot_be_found_gives_no_command() -> None:
    run = run_of(changed(verdict(REQUIRED)), exchanges=(exchange(identity="x2"),))
    assert to_results(run, PROVIDER)["clauses"][3]["reproduce"] is None
