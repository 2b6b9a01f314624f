from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sendproof.contract.model import provider_names
from sendproof.errors import ContractError
from sendproof.folders import schemas_dir
from sendproof.reports.matrix.rows import load_catalogue, load_concepts

from .support import catalogue

# An id never changes, and the concern is a part of it: the same question stands in two concerns.
IN_ANOTHER_CONCERN = {"tl.responses.status-values"}


def concept(clause: str) -> str:
    return catalogue().clauses[clause].concept


def test_every_concept_has_a_title_and_every_title_a_concept() -> None:
    own = {f"{name}." for name in catalogue().contracts}
    used = {clause.concept for clause in catalogue().clauses.values()}
    assert {concept for concept in used if not concept.startswith(tuple(own))} == set(catalogue().concepts)


def test_every_clause_has_the_concern_of_its_concept() -> None:
    odd = {
        clause.id
        for clause in catalogue().clauses.values()
        if clause.concept in catalogue().concepts and clause.concern != catalogue().concepts[clause.concept].concern
    }
    assert odd == IN_ANOTHER_CONCERN


def test_titles_are_told_apart() -> None:
    titles = [item.title for item in catalogue().concepts.values()]
    assert len(titles) == len(set(titles))


def test_titles_name_no_fields() -> None:
    names = {name for item in catalogue().contracts.values() for name in item.provider.fields.values()}
    camel = {name for name in names if not name.islower()}
    for item in catalogue().concepts.values():
        assert "`" not in item.title
        assert not camel.intersection(item.title.split())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tl.auth.no-credentials", "tf.auth.missing-key"),
        ("tl.auth.unknown-key-id", "tf.auth.unknown-key"),
        ("tl.auth.secret-case", "tf.auth.key-case"),
        ("tl.requests.from-unassigned", "tf.requests.from-unknown"),
        ("tl.requests.from-required", "tf.requests.from-omitted"),
        ("tl.requests.body-max-accepted", "tf.requests.message-max-accepted"),
        ("tl.requests.to-unlisted", "tf.requests.to-unlisted"),
        ("tl.responses.status-201", "tf.responses.accepted-status"),
        ("tl.responses.id-unique", "tf.responses.message-id-unique"),
        ("tl.errors.status-not-2xx", "tf.errors.status-not-2xx"),
        ("tl.credits.dashboard", "tf.credits.usage"),
    ],
)
def test_equal_promises_share_a_concept(one: str, other: str) -> None:
    assert concept(one) == concept(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tl.auth.wrong-secret", "tf.auth.unknown-key"),
        ("tl.auth.key-id-case", "tf.auth.key-case"),
        ("tl.requests.to-e164", "tf.requests.to-empty"),
        ("tl.responses.to-echo", "tf.responses.to"),
        ("tl.auth.refusal-shape", "tf.errors.refusal-shape"),
        ("tl.errors.fault-is-4xx", "tf.errors.fault-400"),
    ],
)
def test_unequal_promises_do_not(one: str, other: str) -> None:
    assert concept(one) != concept(other)


def test_terms_that_are_part_of_a_promise_are_marked() -> None:
    varying = {item.id for item in catalogue().concepts.values() if item.varies}
    assert {"requests.text-max-accepted", "requests.recipient-form", "requests.sender-left-out"} <= varying
    assert "auth.missing" not in varying


def test_file_of_concepts_is_no_provider(tmp_path: Path) -> None:
    shutil.copytree(schemas_dir(), tmp_path, dirs_exist_ok=True)
    whole = load_catalogue(tmp_path).contracts
    (tmp_path / "concepts.toml").write_text("", "utf-8")
    bare = load_catalogue(tmp_path)
    assert provider_names(tmp_path) == tuple(whole) == ("textflow", "textingline", "twilio", "vonage")
    assert {name: item.sha256 for name, item in bare.contracts.items()} == {
        name: item.sha256 for name, item in whole.items()
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[manners]\n"a.b" = "A"', "expected tables named by concern, got 'manners'"),
        ("auth = 1", "expected tables named by concern, got 'auth'"),
        ('[auth]\n"a.b" = "A"\n[errors]\n"a.b" = "B"', "a.b: expected one line, got two"),
        ('[auth]\n"a.b" = ""', "a.b: expected a title"),
        ('[auth]\n"a.b" = 3', "a.b: expected a title"),
        ('[auth]\n"a.b" = { title = "A", colour = "red" }', "a.b: expected a title"),
        ('[auth]\n"a.b" = { title = "A", varies = 1 }', "a.b: varies: expected bool, got 1"),
        ('[auth]\n"a.b" = { title = "A", within = "a.c" }', "a.b: within: expected a concept, got 'a.c'"),
        ('[auth]\n"a.b" = { title = "A", within = "a.b" }', "a.b: within: expected a concept, got 'a.b'"),
        ("[auth", "expected tables of concepts"),
    ],
)
def test_wrong_file_is_told(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "concepts.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ContractError, match=told):
        load_concepts(file)


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="expected tables of concepts"):
        load_concepts(tmp_path / "concepts.toml")
