"""The contracts as data: complete, consistent, and accounted for line by line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml

from sendproof.contract.clause import CONCERNS
from sendproof.contract.lock import load_lock
from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.contract.schema import keywords
from sendproof.errors import UsageError
from sendproof.folders import schemas_dir
from sendproof.judge import accepted, request_analysis
from sendproof.reports.matrix.rows import CAUSES, load_concepts
from sendproof.reports.matrix.rows import FILE_NAME as CONCEPTS

PROVIDERS = ("textflow", "textingline", "twilio", "vonage")
CHECKS = {
    *request_analysis._REASONS,
    *accepted._RELATIONS,
    "accepted",
    "accepted_status",
    "observe_accepted",
    "refusal_status",
    "documented_text",
    "documented_code",
    "code_present",
    "code_due",
    "code_misused",
    "text_misused",
    "server_errors_rare",
    "observe_server_errors",
    "observe_refusal",
    "fault_not_delivery",
    "internal_error",
    "throttled_envelope",
    "observe_throttled",
    "observe_throttling",
    "observe_latency",
    "unique_id",
    "replay",
    "spending",
    "rate_limit",
    "answered",
    "no_server_error",
    "json_media_type",
    "json_without_mark",
    "causes_differ",
    "challenge",
    "method_status",
    "method_allow",
}


@pytest.fixture(params=PROVIDERS)
def contract(request: pytest.FixtureRequest) -> Contract:
    return load_contract(request.param)


def _decided_by_keyword(contract: Contract) -> set[str]:
    schemas = (contract.request, contract.accepted, contract.refusal)
    return {clause for schema in schemas for _, _, clause in keywords(schema.schema) if clause}


def test_provider_names_are_the_folders_of_data() -> None:
    assert provider_names() == PROVIDERS


@pytest.mark.parametrize(
    "file", sorted(schemas_dir().glob("*/*.schema.json")), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_schema_is_valid_against_its_metaschema(file: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(file.read_text("utf-8")))


@pytest.mark.parametrize("name", PROVIDERS)
def test_openapi_names_the_operation_and_the_schemas_of_the_provider(name: str) -> None:
    document = yaml.safe_load((schemas_dir() / name / "openapi.yaml").read_text("utf-8"))
    provider = load_contract(name).provider
    operation = document["paths"][provider.path][provider.method.lower()]
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": provider.base_url}]
    content = operation["requestBody"]["content"]
    assert content[provider.body_format.media_type]["schema"] == {"$ref": "request.schema.json"}
    named = {item["content"]["application/json"]["schema"]["$ref"] for item in operation["responses"].values()}
    assert named == {"accepted.schema.json", "refusal.schema.json"}


def test_every_constraining_keyword_has_a_clause(contract: Contract) -> None:
    schemas = (contract.request, contract.accepted, contract.refusal)
    bare = [
        f"{schema.where} {place}" for schema in schemas for place, _, clause in keywords(schema.schema) if not clause
    ]
    assert bare == []


def test_every_clause_of_a_schema_exists(contract: Contract) -> None:
    assert _decided_by_keyword(contract) <= set(contract.clauses)


def test_every_clause_is_decided_in_exactly_one_way(contract: Contract) -> None:
    by_keyword = _decided_by_keyword(contract)
    ways = {
        clause.id: [clause.check is not None, clause.id in by_keyword, clause.level == "excluded"].count(True)
        for clause in contract.clauses.values()
    }
    assert {identity: count for identity, count in ways.items() if count != 1} == {}


def test_every_check_is_one_that_the_judge_has(contract: Contract) -> None:
    assert {clause.check for clause in contract.clauses.values() if clause.check} <= CHECKS


def test_every_clause_has_a_source_a_claim_and_a_concern_in_its_id(contract: Contract) -> None:
    for clause in contract.clauses.values():
        assert clause.id.split(".")[1] == clause.concern
        assert clause.concern in CONCERNS
        assert clause.claim
        assert clause.source.document
        assert clause.source.section
        locked = clause.source.document == contract.provider.document
        assert (clause.source.fingerprint is not None) == locked
        assert (clause.reason is not None) == (clause.level == "excluded")


def test_only_a_cause_is_documented_by_several_clauses(contract: Contract) -> None:
    concepts = load_concepts(schemas_dir() / CONCEPTS)
    counted = Counter(clause.concept for clause in contract.clauses.values())
    several = {concept for concept, count in counted.items() if count > 1}
    assert all(concepts[concept].question == CAUSES for concept in several)


def test_reasons_named_by_a_check_exist(contract: Contract) -> None:
    named = {reason for clause in contract.clauses.values() for reason in clause.params.get("reasons", ())}
    assert named <= set(contract.clauses)


def test_fixtures_unlock_clauses_that_exist(contract: Contract) -> None:
    unlocked = {clause for fixture in contract.provider.fixtures.values() for clause in fixture.unlocks}
    assert unlocked <= set(contract.clauses)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_line_of_the_document_supports_a_clause_or_says_why_not(name: str) -> None:
    lock = load_lock(schemas_dir() / name / "document.lock")
    clauses = load_contract(name).clauses
    assert len(lock.passages) > 70
    for passage in lock.passages:
        assert bool(passage.clauses) != bool(passage.informative), passage
        assert set(passage.clauses) <= set(clauses), passage


def test_every_clause_of_the_provider_is_supported_by_the_passage_of_its_source(contract: Contract) -> None:
    lock = load_lock(contract.folder / "document.lock")
    supported = {(passage.fingerprint, clause) for passage in lock.passages for clause in passage.clauses}
    for clause in contract.clauses.values():
        if clause.source.fingerprint:
            assert (clause.source.fingerprint, clause.id) in supported, clause.id


@pytest.mark.parametrize("name", PROVIDERS)
def test_lock_is_written_as_it_is_read(name: str) -> None:
    file = schemas_dir() / name / "document.lock"
    assert load_lock(file).to_toml() == file.read_text("utf-8")


def test_unknown_provider_is_a_usage_error_that_names_the_known() -> None:
    with pytest.raises(UsageError, match="textflow, textingline, twilio, vonage, got 'nobody'"):
        load_contract("nobody")
