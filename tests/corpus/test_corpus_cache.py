"""The cache: exact, or made anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sendproof.corpus import build
from sendproof.corpus.case import Case, corpus_of, from_text, to_text

_CASE = Case(id="f.x", family="f", body=b"\x00\xff\n{}", headers=(), breaks=("a",), doubts=("b",), needs=("c.d",))


@pytest.fixture
def kept(contract, corpus, tmp_path):
    """A cache that holds a corpus which building would not give."""
    key = build.cache_key(contract, seed=7, max_examples=8)
    file = tmp_path / f"corpus-{contract.provider.name}-{key[:24]}.jsonl"
    file.write_text(to_text(corpus_of((_CASE,))), "utf-8")
    return file


def test_serialisation_round_trips_every_case(corpus):
    assert from_text(to_text(corpus)) == corpus


def test_serialisation_round_trips_odd_values():
    corpus = corpus_of((_CASE, replace(_CASE, id="f.y", query="a=b", headers=(("A", "b"), ("C", "\u2028")))))
    assert from_text(to_text(corpus)) == corpus


def test_hash_is_of_content_and_order():
    other = replace(_CASE, id="f.y")
    hashes = {corpus_of(cases).sha256 for cases in ((_CASE,), (other,), (_CASE, other), (other, _CASE))}
    assert len(hashes) == 4


def test_load_takes_what_is_kept(contract, kept):
    assert build.load_corpus(contract, seed=7, max_examples=8, cache_dir=kept.parent).cases == (_CASE,)


@pytest.mark.parametrize("damage", ["", "[]\n{}"])
def test_corrupt_cache_is_built_anew(contract, corpus, kept, damage):
    kept.write_text(damage, "utf-8")
    assert build.load_corpus(contract, seed=7, max_examples=8, cache_dir=kept.parent) == corpus
    assert from_text(kept.read_text("utf-8")) == corpus
    assert [file.name for file in kept.parent.iterdir()] == [kept.name]


@pytest.mark.parametrize("damage", ["", "{}", "[]\n", "not JSON", "1", '{"format":1,"sha256":"0"}\n[]'])
def test_anything_else_is_no_corpus(damage):
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_text(damage)


def test_cache_that_was_cut_short_is_refused(corpus):
    with pytest.raises(ValueError, match="fit"):
        from_text(to_text(corpus)[:-10])


def test_unwritable_cache_is_only_slower(contract, corpus, tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert build.load_corpus(contract, seed=7, max_examples=8, cache_dir=tmp_path / "file" / "deeper") == corpus


def test_key_changes_with_everything_a_corpus_depends_on(contract):
    keys = {
        build.cache_key(contract, seed=0, max_examples=1),
        build.cache_key(contract, seed=1, max_examples=1),
        build.cache_key(contract, seed=0, max_examples=2),
        build.cache_key(replace(contract, sha256="0"), seed=0, max_examples=1),
    }
    assert len(keys) == 4
