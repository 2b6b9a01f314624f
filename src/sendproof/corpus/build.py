"""Building the corpus of a contract, and keeping it: made once, it loads in milliseconds."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import sendproof
from sendproof.contract.model import Contract
from sendproof.corpus.case import Case
from sendproof.corpus.families import written_cases
from sendproof.corpus.message_builder import numbered
from sendproof.corpus.ordering import ordered
from sendproof.corpus.reference_account import Reader, ReferenceAccount, read_case
from sendproof.corpus.serial import Corpus, corpus_of, from_text, to_text
from sendproof.folders import cache_folder
from sendproof.judge.request_analysis import read_request

__all__ = ("Corpus", "build_corpus", "cache_key", "load_corpus")

_PACKAGE = Path(sendproof.__file__).parent
_SOURCES = ("corpus", "judge", "contract")


def build_corpus(contract: Contract, *, seed: int, max_examples: int, read: Reader = read_request) -> Corpus:
    """Make every case of a contract, read each with the judge's reader, and order them.

    `max_examples` bounds what is generated; the cases written by hand are always there.
    """
    # Imported here, not above: they take half a second, and a corpus from the cache needs neither.
    from sendproof.corpus.schema_cases import schema_cases  # noqa: PLC0415 - see above
    from sendproof.corpus.strategies import generated_cases  # noqa: PLC0415 - see above

    provider = contract.provider
    made = (
        *written_cases(provider),
        *generated_cases(provider, seed=seed, max_examples=max_examples // 4),
        *schema_cases(contract, seed=seed, max_examples=max_examples),
    )
    made_once = [numbered(provider, case) for case in distinct(made)]
    specimen = ReferenceAccount.of(provider)
    levels = {clause.id: clause.level for clause in contract.clauses.values()}
    return corpus_of(ordered((read_case(contract, specimen, read, case) for case in made_once), levels))


def distinct(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield the first of the cases that ask the very same, and of those with one id."""
    asked: set[object] = set()
    ids: set[str] = set()
    for case in cases:
        question = (case.method, case.query, case.headers, case.body, case.key, case.presents)
        if question not in asked and case.id not in ids:
            asked.add(question)
            ids.add(case.id)
            yield case


def load_corpus(contract: Contract, *, seed: int, max_examples: int, cache_dir: Path | None = None) -> Corpus:
    """Return the corpus from the cache, or build it and keep it there.

    A cache that is corrupt is written anew; one that cannot be written costs time, nothing else.
    """
    folder = cache_dir or cache_folder()
    key = cache_key(contract, seed=seed, max_examples=max_examples)
    file = folder / f"corpus-{contract.provider.name}-{key[:24]}.jsonl"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return from_text(file.read_text("utf-8"))
    corpus = build_corpus(contract, seed=seed, max_examples=max_examples)
    with suppress(OSError):
        _write(file, to_text(corpus))
    return corpus


def cache_key(contract: Contract, *, seed: int, max_examples: int) -> str:
    """Return the hash of all that a corpus depends on."""
    facts = {
        "contract": contract.sha256,
        "seed": seed,
        "max_examples": max_examples,
        "sendproof": sendproof.__version__,
        "versions": {name: metadata.version(name) for name in ("hypothesis", "schemathesis")},
        "python": sys.version_info[:2],
        "sources": _sources_digest(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _sources_digest() -> str:
    """Return the hash of the code that makes cases and of the code that reads them."""
    digest = hashlib.sha256()
    for file in sorted(path for name in _SOURCES for path in (_PACKAGE / name).rglob("*.py")):
        digest.update(f"{file.relative_to(_PACKAGE).as_posix()}\0".encode())
        digest.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _write(file: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".corpus-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink()
        raise
