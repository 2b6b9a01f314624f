"""A judge that lacks a check, or a schema that lacks a keyword, is noticed: the selftest would not hold.

What was recorded of a faulty mock is judged again by the contract that lacks one thing.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from sendproof.contract.model import ACCEPTED, REFUSAL, REQUEST, Contract
from sendproof.contract.schema import CLAUSES_KEYWORD, ClauseSchema, keywords
from sendproof.folders import schemas_dir
from sendproof.judge.verdicts import FAIL, Verdict
from sendproof.mock.accounts import PROVIDERS
from sendproof.runs.trial import FAULT, Recording, Subject, judged, load_contract_once, recorded, subjects, unproved

pytestmark = pytest.mark.slow

SCHEMAS = (REQUEST, ACCEPTED, REFUSAL)
# Two faults of three are reported after fifty exchanges, nearly all after 120.
LOOKS = (50, 80, 120)


@cache
def recording(subject: Subject) -> Recording:
    return recorded(subject, 0, 100, thorough=False, looks=LOOKS)


def is_noticed(mutant: Contract, clauses: set[str]) -> bool:
    """Whether some fault of these clauses survives the mutant, or the faultless mock does not prove them all."""
    provider = mutant.provider.name
    gating = {clause for clause in clauses if mutant.clauses[clause].gates}
    for subject in subjects([provider]):
        if subject.kind == FAULT and gating.intersection(subject.clauses):
            failed = {item.clause.id for item in judged(mutant, recording(subject)) if item.verdict == FAIL}
            if failed != set(subject.clauses):
                return True
    return not gating and _is_seen_without_a_fault(mutant, clauses)


def _is_seen_without_a_fault(mutant: Contract, clauses: set[str]) -> bool:
    """Whether an open clause is observed less often, or a permitted mock is called broken for want of it."""
    for subject in (item for item in subjects([mutant.provider.name]) if item.kind != FAULT):
        found = judged(mutant, recording(subject))
        alarmed = any(item.verdict == FAIL and item.clause.level == "required" for item in found)
        if alarmed or (subject.kind == "faultless" and _shows_less(mutant.provider.name, found, clauses)):
            return True
    return False


def _shows_less(provider: str, found: tuple[Verdict, ...], clauses: set[str]) -> bool:
    """Whether the faultless mock shows less of some clauses than by the whole contract."""
    if clauses.intersection(unproved(found)):
        return True
    whole = exercised(provider)
    return any(item.exercised < whole[item.clause.id] for item in found if item.clause.id in clauses)


@cache
def exercised(provider: str) -> Mapping[str, int]:
    """Return how often the faultless mock exercises each clause."""
    faultless = next(item for item in subjects([provider]) if item.kind == "faultless")
    found = judged(load_contract_once(provider), recording(faultless))
    return {item.clause.id: item.exercised for item in found}


def checks() -> Iterator[tuple[str, str]]:
    for provider in PROVIDERS:
        yield from ((provider, name) for name in load_contract_once(provider).by_check if name != "internal_error")


@pytest.mark.parametrize(("provider", "name"), [*checks()])
def test_judge_without_a_check_is_noticed(provider: str, name: str) -> None:
    contract = load_contract_once(provider)
    without = {known: clauses for known, clauses in contract.by_check.items() if known != name}
    mutant = dataclasses.replace(contract, by_check=without)
    assert is_noticed(mutant, {clause.id for clause in contract.with_check(name)})


def bearing_keywords() -> Iterator[tuple[str, str, str, str, str]]:
    for provider in PROVIDERS:
        for kind in SCHEMAS:
            for place, keyword, clause in keywords(getattr(load_contract_once(provider), kind).schema):
                assert clause is not None
                yield provider, kind, place, keyword, clause


@pytest.mark.parametrize(("provider", "kind", "place", "keyword", "clause"), [*bearing_keywords()])
def test_schema_without_a_keyword_is_noticed(provider: str, kind: str, place: str, keyword: str, clause: str) -> None:
    contract = load_contract_once(provider)
    changes: dict[str, Any] = {kind: _without(contract, kind, place, keyword)}
    mutant = dataclasses.replace(contract, **changes)
    assert is_noticed(mutant, {clause})


def _without(contract: Contract, kind: str, place: str, keyword: str) -> ClauseSchema:
    """Return a schema without a keyword, or without one member of its `required`."""
    schema: dict[str, Any] = copy.deepcopy(dict(getattr(contract, kind).schema))
    node: Any = schema
    *path, name = place.split("/")[1:]
    for step in path:
        node = node[int(step)] if isinstance(node, list) else node[step]
    member = keyword.partition(":")[2]
    if member:
        node[name].remove(member)
        del node[CLAUSES_KEYWORD][name][member]
    else:
        del node[name]
        del node[CLAUSES_KEYWORD][name]
    resources = {
        item["$id"]: item
        for item in (json.loads(file.read_text("utf-8")) for file in schemas_dir().glob("*/*.schema.json"))
        if item["$id"] != schema["$id"]
    }
    return ClauseSchema(schema, resources, where="mutant")
