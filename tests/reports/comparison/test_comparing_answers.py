from __future__ import annotations

from typing import Any

import pytest

from sendproof.reports.comparison.compare import compare
from sendproof.reports.comparison.shared_cases import look

from .support import ACCEPTED, JSON, exchange, many, of_answers, record, run, told

WITH_SEGMENTS = {**ACCEPTED, "segments": 1}


def test_same_answers_are_no_change() -> None:
    found = of_answers(many(20), many(20))
    assert (found.is_changed, found.uncertain, found.shared_cases) == (False, (), 20)


def test_field_that_appeared_is_named_with_its_type_and_count() -> None:
    [change] = of_answers(many(20), many(20, WITH_SEGMENTS)).answers
    assert (change.kind, change.place, change.old, change.new) == ("appeared", "/segments", "absent", "number")
    assert [(seen.status, seen.count, seen.of) for seen in change.seen] == [("200", 20, 20)]
    assert (len(change.cases), change.exchange) == (5, "x0")


def test_field_that_vanished_is_named() -> None:
    assert told(of_answers(many(20, WITH_SEGMENTS), many(20))) == [("vanished", "/segments", "number", "absent")]


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ({"id": 1}, {"id": "1"}, ("type_changed", "/id", "number", "string")),
        ({"id": "1"}, {"id": None}, ("type_changed", "/id", "string", "null")),
        ({"ok": True}, {"ok": 1}, ("type_changed", "/ok", "boolean", "number")),
        ({"a": [1]}, {"a": ["1"]}, ("type_changed", "/a/*", "number", "string")),
        ({}, [], ("type_changed", "", "object", "array")),
        ({}, b"<html>", ("type_changed", "", "object", "no JSON")),
        ({}, b"", ("type_changed", "", "object", "empty")),
        ({}, b"[" * 100_000, ("type_changed", "", "object", "no JSON")),
    ],
    ids=range(8),
)
def test_type_that_changed_is_named(old: object, new: object, change: tuple[str, ...]) -> None:
    assert told(of_answers(many(4, old), many(4, new))) == [change]


def test_what_stands_in_a_new_object_is_told_with_it() -> None:
    new = {**ACCEPTED, "billing": {"credits": 1, "plan": {"name": "a"}}}
    assert told(of_answers(many(4), many(4, new))) == [("appeared", "/billing", "absent", "object")]


def test_header_field_and_media_type_are_compared() -> None:
    old = [exchange(f"a.{n}", headers=(*JSON, ("X-Old", "1"), ("Date", "now"))) for n in range(4)]
    new = [exchange(f"a.{n}", headers=(("content-type", "text/html; charset=utf-8"),)) for n in range(4)]
    assert told(of_answers(old, new)) == [
        ("vanished", "header x-old", "present", "absent"),
        ("type_changed", "media type", "application/json", "text/html"),
    ]


def test_status_that_changed_is_named_once_for_all_its_cases() -> None:
    [change] = of_answers(
        many(20) + many(5, {}, status=400, family="bad"), many(20, status=201) + many(5, {}, status=400, family="bad")
    ).answers
    assert (change.kind, change.old, change.new) == ("status", "200", "201")
    assert [(seen.status, seen.count, seen.of) for seen in change.seen] == [("200", 20, 20)]


def test_field_that_appeared_with_another_status_is_named_too() -> None:
    found = of_answers(many(20), many(20, WITH_SEGMENTS, status=201))
    assert [kind for kind, *_ in told(found)] == ["status", "appeared"]


def test_field_that_appeared_in_every_status_is_named_once() -> None:
    old = many(20) + many(6, {"error": "no"}, status=400, family="bad")
    new = many(20, {**ACCEPTED, "requestId": "a"}) + many(
        6, {"error": "no", "requestId": "a"}, status=400, family="bad"
    )
    [change] = of_answers(old, new).answers
    assert [(seen.status, seen.count) for seen in change.seen] == [("200", 20), ("400", 6)]


def test_field_that_depends_on_the_request_is_no_change() -> None:
    answers: list[Any] = [exchange(f"a.{n}", body=WITH_SEGMENTS if n % 3 else ACCEPTED) for n in range(30)]
    assert not of_answers(answers, answers).is_changed


def test_field_of_cases_that_one_run_alone_asked_is_no_change() -> None:
    found = of_answers(many(20), many(20) + many(20, WITH_SEGMENTS, family="generated"))
    assert (found.is_changed, found.shared_cases) == (False, 20)


def test_field_that_comes_and_goes_by_chance_is_no_change() -> None:
    old = [exchange(f"a.{n}", body=WITH_SEGMENTS if n % 2 else ACCEPTED) for n in range(40)]
    new = [exchange(f"a.{n}", body=WITH_SEGMENTS if n % 3 else ACCEPTED) for n in range(40)]
    found = of_answers(old, new)
    assert not found.is_changed
    assert {change.place for change in found.uncertain} == {"/segments"}


def test_field_of_one_answer_of_many_is_uncertain() -> None:
    found = of_answers(many(20), [*many(19), exchange("texts.19", body=WITH_SEGMENTS)])
    assert (found.is_changed, [change.place for change in found.uncertain]) == (False, ["/segments"])


def test_field_of_every_answer_of_one_family_is_named() -> None:
    old = many(20) + many(3, family="media")
    assert told(of_answers(old, many(20) + many(3, WITH_SEGMENTS, family="media")))[0][1] == "/segments"


def test_field_of_the_only_answer_with_a_status_is_named_when_unheard_of() -> None:
    old, new = exchange("a.b", 409, {}), exchange("a.b", 409, {"retry": 1})
    assert told(of_answers([*many(5), old], [*many(5), new])) == [("appeared", "/retry", "absent", "number")]
    known = many(5, {**ACCEPTED, "retry": 1})
    assert told(of_answers([*known, old], [*known, new])) == []


def test_type_of_the_only_answer_with_a_status_is_named_when_unheard_of() -> None:
    old, new = exchange("a.b", 409, {"retry": 1}), exchange("a.b", 409, {"retry": "1"})
    assert told(of_answers([old], [new])) == [("type_changed", "/retry", "number", "string")]
    known = many(5, {**ACCEPTED, "retry": "1"})
    assert told(of_answers([*known, old], [*known, new])) == []


@pytest.mark.parametrize(
    ("count", "back", "is_told"), [(20, 0, True), (20, 15, False), (30, 3, True), (300, 250, False), (300, 100, True)]
)
def test_field_that_comes_more_often_than_chance_explains_is_named(count: int, back: int, is_told: bool) -> None:
    cases = range(count + back + 100)
    old = [exchange(f"f{n % 7}.{n}", body=WITH_SEGMENTS if n < back else ACCEPTED) for n in cases]
    new = [exchange(f"f{n % 7}.{n}", body=WITH_SEGMENTS if back <= n < back + count else ACCEPTED) for n in cases]
    changes = [change for change, *_ in told(of_answers(old, new))]
    assert changes == (["appeared"] if is_told else [])


def test_array_that_was_empty_is_no_change() -> None:
    assert told(of_answers(many(4, {"a": []}), many(4, {"a": [1]}))) == []


def test_what_stands_in_items_of_several_types_is_no_change() -> None:
    assert told(of_answers(many(4, {"a": [1, {"b": 2}]}), many(4, {"a": [1, {"c": 2}]}))) == []
    assert told(of_answers(many(4, {"a": [1, {"b": 2}]}), many(4, {"a": [1, {"b": 2}]}))) == []


def test_names_that_are_ids_are_no_change() -> None:
    old = [exchange(f"a.{n}", body={f"msg_{n}": 1}) for n in range(20)]
    new = [exchange(f"a.{n}", body={f"sms_{n}": 1}) for n in range(20)]
    assert not of_answers(old, new).is_changed


@pytest.mark.parametrize("status", [429, 502, 503, 504, None])
def test_answer_that_says_later_is_compared_with_none(status: int | None) -> None:
    assert not of_answers(many(3), [*many(2), exchange("texts.2", status)]).is_changed


def test_answers_that_race_are_compared_together() -> None:
    old = [exchange(f"credits.at-once-{n}", 201 if n < 2 else 402) for n in range(4)]
    new = [exchange(f"credits.at-once-{n}", 402 if n < 2 else 201) for n in range(4)]
    assert not of_answers(old, new).is_changed
    refused = [exchange(f"credits.at-once-{n}", 402) for n in range(4)]
    assert not of_answers(old, refused).is_changed
    assert told(of_answers(refused, [exchange("credits.at-once-0", 201)])) == [("status", "status", "402", "201")]


def test_answer_now_and_then_to_a_case_asked_again_is_named() -> None:
    found = of_answers([exchange(), exchange()], [exchange(), exchange(status=500, identity="x2")])
    assert told(found) == [("status", "status", "200", "200, 500")]
    assert found.answers[0].exchange == "x2"


def test_change_that_is_evidence_of_a_clause_is_told_by_the_clause() -> None:
    old = run(record(), exchanges=[*many(20), exchange("a.b", 400, identity="x99")])
    new = run(record(verdict="fail", evidence=["x99"]), exchanges=[*many(20), exchange("a.b", 200, identity="x99")])
    found = compare(old, new)
    assert found.answers == ()
    [change] = found.explained
    assert (change.old, change.new, change.clauses) == ("400", "200", ("tf.auth.missing-key",))


def test_change_beyond_the_evidence_of_a_clause_names_it() -> None:
    old = run(record(), exchanges=many(20, status=400))
    new = run(record(verdict="fail", evidence=["x3"]), exchanges=many(20))
    [change] = compare(old, new).answers
    assert (len(change.cases), change.clauses) == (5, ("tf.auth.missing-key",))


def test_huge_and_deep_answers_are_cut() -> None:
    deep: object = 1
    for _ in range(60):
        deep = {"a": deep}
    huge = {f"name{n}" * 100: n for n in range(10_000)}
    assert not of_answers(
        many(3, deep) + many(1, huge, family="b"), many(3, deep) + many(1, huge, family="b")
    ).is_changed


def test_places_of_an_answer_are_limited() -> None:
    seen = look(exchange(body={f"name{n}": {"a": n} for n in range(10_000)}), 200)
    assert len(seen.places) == 2000


def test_exchange_without_a_case_is_left_out() -> None:
    assert of_answers([exchange(None)], [exchange(None, 500)]).shared_cases == 0
