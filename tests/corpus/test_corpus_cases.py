"""What every case holds, and what the families reach."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import phonenumbers
import pytest

import sendproof.corpus
from sendproof.contract.provider import BodyFormat
from sendproof.corpus.build import FAMILIES
from sendproof.corpus.case import tokens_in
from sendproof.corpus.message_builder import media_token
from sendproof.corpus.reference_account import ReferenceAccount

_FICTION = re.compile(r"\+1[2-9]\d\d55501\d\d")
_PRESENTS = {
    *("exact", "missing", "empty", "unknown", "unknown_id", "wrong_secret", "other_secret", "empty_secret"),
    *("changed_first", "changed_middle", "changed_last", "cut_front", "other_mark"),
    *("id_changed_first", "id_changed_middle", "id_changed_last", "id_cut_front"),
    *("case", "id_case", "prefix", "extended", "extended_colon", "prepended", "scheme", "malformed", "query", "bearer"),
    *("carrier_lower", "carrier_upper", "scheme_wrong", "query_wrong", "bearer_wrong"),
    "other_account",
    *("space_before", "space_after", "id_space_before", "id_space_after", "id_prefix", "id_extended", "id_prepended"),
}


def test_ids_are_unique_and_begin_with_their_family(corpus):
    ids = [case.id for case in corpus.cases]
    assert len(ids) == len(set(ids))
    assert all(case.id.startswith(f"{case.family}.") for case in corpus.cases)
    assert all(re.fullmatch(r"[a-z_-]+\.[A-Za-z0-9-]+", name) for name in ids)


def test_no_two_cases_ask_the_same(corpus):
    asked = Counter(
        (c.method, c.query, c.headers, re.sub(rb' No\. \d{4}"', b'"', c.body), c.key, c.presents) for c in corpus.cases
    )
    assert asked.most_common(1)[0][1] == 1


def test_no_text_is_sent_to_a_recipient_twice_by_cases_of_one_live_run(contract, corpus):
    fields = contract.provider.fields
    sent: Counter[tuple[str, str]] = Counter()
    for case in corpus.cases[:400]:
        message = _object(case.body) if case.expects == "accept" and case.key == "main" else None
        if message is not None:
            sent[str(message.get(fields["recipient"])), str(message.get(fields["text"]))] += 1
    assert [(message, count) for message, count in sent.items() if count > 1 and "No. " in message[1]] == []


def test_every_token_has_a_value_and_every_need_is_a_fixture(contract, corpus):
    provider, values = contract.provider, ReferenceAccount.of(contract.provider).values
    for case in corpus.cases:
        assert set(tokens_in(case.body)) <= set(values), case.id
        for name in tokens_in(case.body):
            needed = [need for need in case.needs if name.startswith(f"fixture.{need}")]
            assert needed or not name.startswith("fixture."), case.id
        assert {need.split(".")[0] for need in case.needs} <= set(provider.fixtures), case.id
        assert case.presents in _PRESENTS, case.id


def test_no_case_uses_a_limited_or_metered_key(contract, corpus):
    spent = {item.state for item in contract.provider.fixtures.values() if item.kind in ("rate_limit", "metered")}
    assert not {case.key for case in corpus.cases} & spent


def test_clauses_are_those_of_the_contract(contract, corpus):
    named = {clause for case in corpus.cases for clause in (*case.breaks, *case.doubts, *case.clauses)}
    assert named <= set(contract.clauses)


def test_expectation_follows_from_what_is_broken(contract, corpus):
    levels = {name: clause.level for name, clause in contract.clauses.items()}
    for case in corpus.cases:
        required = any(levels[clause] == "required" for clause in case.breaks)
        other = case.breaks or case.doubts or case.method != contract.provider.method
        assert case.expects == ("refuse" if required else "either" if other else "accept"), case.id
        assert all(levels[clause] == "open" for clause in case.doubts), case.id


def test_plain_cases_are_accepted(corpus):
    plain = [
        case
        for case in corpus.cases
        if case.family == "plain" and case.id not in ("plain.text-world", "plain.text-emoji", "plain.text-longest")
    ]
    assert {case.expects for case in plain} == {"accept"}


def test_at_most_45_percent_are_accepted(corpus):
    accepted = sum(case.expects == "accept" for case in corpus.cases)
    assert 0.1 < accepted / len(corpus.cases) < 0.45


def test_every_clause_of_the_request_schema_is_broken_alone(contract, corpus):
    broken = {case.breaks for case in corpus.cases if len(case.breaks) == 1}
    doubted = {clause for case in corpus.cases if not case.breaks for clause in case.doubts}
    for clause in contract.request.clauses():
        assert clause in doubted or (clause,) in broken, clause


def test_every_clause_about_accepting_has_a_case(contract, corpus):
    exercised = {clause for case in corpus.cases for clause in case.clauses}
    wanted = {c.id for check in ("accepted", "normalized") for c in contract.with_check(check)}
    assert wanted - exercised == set()


def _values(value):
    """Yield every text and number inside a JSON value."""
    if isinstance(value, dict):
        for item in (*value, *value.values()):
            yield from _values(item)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _readings(text):
    """Yield the numbers that a lenient service could take a text for."""
    text = unicodedata.normalize("NFKC", text)
    digits = "".join(str(unicodedata.digit(char)) for char in text if char.isdigit())
    for number, region in ((text, "US"), (f"+{digits}", None), (digits, "US"), (digits[:11], "US")):
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            yield phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _object(body):
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@pytest.mark.parametrize("role", ["recipient", "sender"])
def test_no_number_is_a_strangers(contract, corpus, role):
    specimen, field = ReferenceAccount.of(contract.provider), contract.provider.fields[role]
    for case in corpus.cases:
        for text in _values(_object(specimen.request(case).body).get(field)):
            numbers = set(_readings(text)) - set(specimen.values.values())
            assert all(_FICTION.fullmatch(number) for number in numbers), (case.id, text)
            assert not re.fullmatch(r"[^+\d]*\d{3,6}\D*", text), case.id


def test_idempotency_keys_that_are_texts_are_fresh(contract, corpus):
    field = contract.provider.fields.get("idempotency")
    for case in corpus.cases:
        key = _object(case.body).get(field) if field else None
        assert not isinstance(key, str) or not key.strip() or "@{nonce}" in key, case.id


def test_generated_media_points_nowhere_new(contract, corpus):
    field = contract.provider.fields.get("media")
    for case in corpus.cases:
        value = _object(case.body).get(field) if field and case.family.startswith("schema") else None
        assert value == media_token(contract.provider) or "://" not in json.dumps(value), case.id


def test_texts_reach_every_boundary(contract, corpus):
    text, limit = contract.provider.fields["text"], contract.provider.max_length
    lengths = {len(t) for case in corpus.cases if isinstance(t := _object(case.body).get(text), str)}
    segments = {160, 161, 306, 307, 70, 71, 134, 135}
    assert {0, 1, limit - 1, limit, limit + 1, limit * 2, 10_000} | segments <= lengths


def test_one_body_is_huge_and_all_others_stay_below_128_kib(contract, corpus):
    if contract.provider.body_format is BodyFormat.FORM:
        assert max(len(case.body) for case in corpus.cases) <= 128 * 1024
        return
    *others, huge = sorted(len(case.body) for case in corpus.cases)
    assert others[-1] <= 128 * 1024
    assert 512 * 1024 < huge < 768 * 1024


def test_every_family_that_fits_the_provider_is_there(contract, corpus):
    families = {case.family for case in corpus.cases}
    fitting = {family.__name__ for family in FAMILIES if any(family(contract.provider))}
    generated = {"texts-generated", "messages-generated", "schema-coverage", "schema-fuzzing"}
    # Where few messages are generated, others have asked the same.
    assert fitting | (generated - {"messages-generated"}) <= families <= fitting | generated


def test_no_module_names_a_vendor_or_its_fields(contracts):
    words = {contract.provider.name for contract in contracts.values()} | {
        "mediaUrl",
        "idempotencyKey",
        "X-API-Key",
    }
    for file in Path(sendproof.corpus.__file__).parent.glob("*.py"):
        source = file.read_text("utf-8")
        assert [word for word in words if word.lower() in source.lower()] == [], file.name
