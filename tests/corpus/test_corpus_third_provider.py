"""A third provider is a folder of data: other names, another method, no optional field, another scheme."""

from __future__ import annotations

import json
import shutil

import pytest

from sendproof.contract.model import load_contract
from sendproof.corpus.build import build_corpus
from sendproof.folders import schemas_dir

_EDITS = {
    "provider.toml": (
        ('name = "textflow"', 'name = "third"'),
        ('method = "POST"', 'method = "PUT"'),
        ('recipient = "to"', 'recipient = "destination"'),
        ('text = "message"', 'text = "content"'),
        ("sender = true", "sender = false"),
        ('header = "X-API-Key"', 'header = "Authorization"\nword = "Bearer"'),
        ("max_length = 1600", "max_length = 100"),
    ),
    "openapi.yaml": (("    post:", "    put:"),),
    "request.schema.json": (('"to"', '"destination"'), ('"message"', '"content"'), ("1600", "100")),
}


@pytest.fixture
def third(tmp_path):
    shutil.copytree(schemas_dir() / "http", tmp_path / "http")
    folder = tmp_path / "third"
    shutil.copytree(schemas_dir() / "textflow", folder)
    for name, edits in _EDITS.items():
        content = (folder / name).read_text("utf-8")
        for old, new in edits:
            assert old in content
            content = content.replace(old, new)
        (folder / name).write_text(content, "utf-8")
    return load_contract("third", tmp_path)


def test_corpus_of_a_third_provider_uses_its_words_alone(third):
    corpus = build_corpus(third, seed=0, max_examples=8)

    plain = next(case for case in corpus.cases if case.id == "plain.base")
    assert plain.expects == "accept"
    assert set(json.loads(plain.body)) == {"destination", "from", "content"}
    assert {case.method for case in corpus.cases if case.family != "methods"} == {"PUT"}
    assert "PUT" not in {case.method for case in corpus.cases if case.family == "methods"}
    assert {"lengths.ascii-100", "lengths.ascii-101"} <= {case.id for case in corpus.cases}
    assert "bearer" not in {case.presents for case in corpus.cases}
    assert {case.expects for case in corpus.cases} == {"accept", "refuse", "either"}
