"""The corpus as text: a header line, then one line of JSON a case."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sendproof.corpus.case import Case

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Cases in the order in which to ask them; `sha256` is that of their canonical serialisation."""

    cases: tuple[Case, ...]
    sha256: str


def corpus_of(cases: tuple[Case, ...]) -> Corpus:
    """Return a corpus of `cases`, hashed."""
    return Corpus(cases=cases, sha256=_digest(_to_lines(cases)))


def to_text(corpus: Corpus) -> str:
    """Serialise a corpus, canonically."""
    header = {"format": FORMAT, "sha256": corpus.sha256, "cases": len(corpus.cases)}
    return "\n".join((json.dumps(header), _to_lines(corpus.cases)))


def from_text(text: str) -> Corpus:
    """Parse what `to_text` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    first, _, lines = text.partition("\n")
    header = json.loads(first)
    if header["format"] != FORMAT or header["sha256"] != _digest(lines):
        raise ValueError("corpus: the content does not fit its header")
    # One document parses several times as fast as many.
    items = json.loads(f"[{lines.replace(chr(10), ',')}]")
    return Corpus(cases=tuple(map(_case, items)), sha256=header["sha256"])


def _to_lines(cases: tuple[Case, ...]) -> str:
    return "\n".join(json.dumps(_item(case), separators=(",", ":")) for case in cases)


def _digest(lines: str) -> str:
    return hashlib.sha256(lines.encode()).hexdigest()


def _item(case: Case) -> list[Any]:
    """Return a case as a list; bytes stand as the text of the same code points."""
    values = {name: getattr(case, name) for name in _FIELDS}
    return [values[name].decode("latin-1") if name == "body" else values[name] for name in _FIELDS]


def _case(item: list[Any]) -> Case:
    values = dict(zip(_FIELDS, item, strict=True))
    values["body"] = values["body"].encode("latin-1")
    values["headers"] = tuple((name, value) for name, value in values["headers"])
    for name in ("breaks", "doubts", "clauses", "needs"):
        values[name] = tuple(values[name])
    return Case(**values)


_FIELDS = tuple(Case.__dataclass_fields__)
