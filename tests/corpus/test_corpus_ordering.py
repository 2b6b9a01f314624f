"""The best cases first: any prefix is worth its length."""

from __future__ import annotations

import random
import time

from sendproof.corpus.build import goals, ordered, sure
from sendproof.corpus.case import Case


def _case(name: str, *clauses: str, expects: str = "refuse", family: str = "f", doubts: tuple[str, ...] = ()) -> Case:
    breaks = clauses[:1] if expects == "refuse" else ()
    return Case(
        id=name,
        family=family,
        body=b"",
        expects=expects,
        breaks=breaks,
        doubts=doubts,
        clauses=(*clauses, *doubts),
    )


def _reach(cases, certain):
    clauses = {goal for case in cases for goal in goals(case, certain)}
    return {(name, expects) for name, expects in clauses if not name.startswith(("case ", "family ", "several"))}


def test_ordering_keeps_every_case(corpus):
    shuffled = list(corpus.cases)
    random.Random(1).shuffle(shuffled)
    assert sorted(case.id for case in ordered(shuffled)) == sorted(case.id for case in corpus.cases)


def test_ordering_puts_controls_first(corpus):
    families = [case.family for case in corpus.cases]
    count = families.count("plain")
    assert families[:count] == ["plain"] * count


def test_ordering_puts_refusals_before_acceptances_of_equal_gain():
    cases = (
        _case("a", "x", expects="accept"),
        _case("b", "y"),
        _case("c", "z", expects="either", doubts=("z",)),
    )
    assert [case.id for case in ordered(cases)] == ["b", "c", "a"]


def test_ordering_asks_first_for_what_was_not_asked():
    cases = (_case("a1", "a"), _case("a2", "a"), _case("a3", "a"), _case("b1", "b"))
    assert [case.id for case in ordered(cases)][:2] == ["a1", "b1"]


def test_ordering_thinks_little_of_cases_with_several_reasons():
    several = Case(id="s", family="f", body=b"", expects="refuse", breaks=("a", "b"), clauses=("a", "b"))
    assert [case.id for case in ordered((several, _case("1", "a"), _case("2", "b", "c")))] == ["2", "s", "1"]


def test_every_prefix_reaches_at_least_what_the_same_length_of_a_shuffled_corpus_does(corpus):
    shuffled = list(corpus.cases)
    random.Random(2).shuffle(shuffled)
    start = sum(case.family == "plain" for case in corpus.cases)
    certain = sure(corpus.cases)
    for length in range(start + 20, len(corpus.cases), 10):
        best, other = _reach(corpus.cases[:length], certain), _reach(shuffled[:length], certain)
        assert len(best) >= len(other), length


def test_first_third_reaches_everything(corpus):
    certain = sure(corpus.cases)
    third = corpus.cases[: len(corpus.cases) // 3]
    assert _reach(third, certain) == _reach(corpus.cases, certain)


def test_first_third_holds_every_single_reason(corpus):
    def single(cases):
        return {(*c.breaks, *c.doubts)[0] for c in cases if len(c.breaks) + len(c.doubts) == 1}

    assert single(corpus.cases[: len(corpus.cases) // 3]) == single(corpus.cases)


def test_ordering_is_quick(corpus):
    many = (corpus.cases * 8)[:2_000]
    # Time of this process, not of the clock: other tests run beside it.
    started = time.process_time()
    ordered(many)
    assert time.process_time() - started < 2.0
