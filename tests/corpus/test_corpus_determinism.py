"""The same corpus in every process, whatever else is loaded there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.configuration import storage_directory
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS

import sendproof
from sendproof.corpus.generated_cases import draw_examples, steady

_BUILD = """
import sys
if len(sys.argv) > 2:
    sys.path.insert(0, sys.argv[2])
    import unrelated
from sendproof.contract.model import load_contract
from sendproof.corpus.build import build_corpus
print(build_corpus(load_contract(sys.argv[1]), seed=7, max_examples=8).sha256)
"""
_LITERALS = "WORDS = (" + ", ".join(f"'literal {number}', {number}, {number}.5" for number in range(200, 300)) + ")\n"


def _environment(**given: str) -> dict[str, str]:
    paths = [str(Path(sendproof.__file__).parents[1]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in paths if path),
        **given,
    }


def _start(*arguments: str, hash_seed: str, folder: Path) -> subprocess.Popen[str]:
    tables = str(storage_directory().path.absolute())
    environment = _environment(PYTHONHASHSEED=hash_seed, HYPOTHESIS_STORAGE_DIRECTORY=tables)
    command = [sys.executable, "-c", _BUILD, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)


@pytest.fixture
def folder():
    """A folder without "test" in its path: Hypothesis would look for no literals there."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        yield Path(name)


def test_corpus_is_the_same_in_other_processes_and_beside_unrelated_modules(contracts, corpora, folder):
    (folder / "unrelated.py").write_text(_LITERALS)
    # A configuration in the working directory must not be heeded either.
    (folder / "schemathesis.toml").write_text("[generation]\nallow-x00 = false\ncodec = 'ascii'\n")
    name, corpus = next((name, corpora[name]) for name in contracts)
    processes = [
        _start(name, hash_seed="1", folder=folder),
        _start(name, str(folder), hash_seed="2", folder=folder),
    ]

    hashes = [process.communicate(timeout=60)[0].strip() for process in processes]

    assert hashes == [corpus.sha256, corpus.sha256]


def test_draw_is_the_same_again_and_another_for_another_seed_or_label():
    strategy = st.text(min_size=5)

    first = draw_examples(strategy, label="a", seed=1, max_examples=20)

    assert first == draw_examples(strategy, label="a", seed=1, max_examples=20)
    assert first != draw_examples(strategy, label="a", seed=2, max_examples=20)
    assert first != draw_examples(strategy, label="b", seed=1, max_examples=20)


def test_draw_makes_at_most_as_many_as_asked():
    assert len(draw_examples(st.integers(), label="n", seed=0, max_examples=7)) == 7
    assert draw_examples(st.integers(), label="n", seed=0, max_examples=0) == ()


_DRAW = """
import json, sys
sys.path.insert(0, sys.argv[1])
import unrelated
import hypothesis
from hypothesis import strategies as st
from sendproof.corpus.generated_cases import draw_examples

others = []
def collect(value):
    others.append(value)
test = hypothesis.settings(max_examples=400, database=None)(hypothesis.given(st.integers())(collect))
hypothesis.seed(1)(test)()
print(json.dumps([others, draw_examples(st.integers(), label="n", seed=1, max_examples=400)]))
"""


def test_draw_takes_no_literal_of_a_loaded_module_though_hypothesis_does(folder):
    literals = {7_000_000_000 + number for number in range(50)}
    (folder / "unrelated.py").write_text(f"NUMBERS = {sorted(literals)}\n")

    command = [sys.executable, "-c", _DRAW, str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=_environment(), cwd=folder)
    others, ours = json.loads(answer.stdout)

    assert literals & set(others)
    assert not literals & set(ours)
    assert tuple(ours) == draw_examples(st.integers(), label="n", seed=1, max_examples=400)


@pytest.mark.parametrize("module", ["hypothesis", "schemathesis"])
def test_loading_needs_no_generator(module):
    code = f"import sys, sendproof.corpus.build; print({module!r} in sys.modules)"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=_environment())
    assert answer.stdout == "False\n"


def test_steady_replaces_the_source_of_literals_for_a_while():
    before = AVAILABLE_PROVIDERS["hypothesis"]
    with steady():
        assert AVAILABLE_PROVIDERS["hypothesis"] is not before
    assert AVAILABLE_PROVIDERS["hypothesis"] is before
