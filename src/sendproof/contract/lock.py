"""`document.lock`: which words of a vendor's document support which clause, by fingerprint. The words are not kept."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sendproof.errors import ContractError

_HEAD = """\
# What the source document says, passage by passage, without its words: a fingerprint and the number of characters
# that carry meaning, with the clauses that rest on it or why it is informative. `sendproof drift` reads and writes it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage of a page, or an object of an OpenAPI document: its clauses, or why it is informative.

    `at` is where it stood: the line of a page, from 1, or a JSON pointer from the operation. `length` counts
    the characters that carry meaning, and `begins` stands for the first of them; an object has neither. A passage
    with neither clauses nor `informative` has not been read by anybody yet.
    """

    at: int | str
    fingerprint: str
    length: int = 0
    begins: str = ""
    clauses: tuple[str, ...] = ()
    informative: str | None = None

    @property
    def is_unread(self) -> bool:
        """Whether somebody must still say what the passage promises."""
        return not self.clauses and self.informative is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A `document.lock`. `operation` is that of an OpenAPI document, by id or pointer, else None."""

    document: str
    retrieved: str
    operation: str | None
    passages: tuple[Passage, ...]

    def to_toml(self) -> str:
        """Return the file's text."""
        return "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield _HEAD
        yield f"\ndocument = {_quoted(self.document)}\nretrieved = {_quoted(self.retrieved)}\n"
        if self.operation is not None:
            yield f"operation = {_quoted(self.operation)}\n"
        for passage in self.passages:
            at = f"at = {_quoted(passage.at)}" if isinstance(passage.at, str) else f"line = {passage.at}"
            yield f"\n[[passage]]\n{at}\nfingerprint = {_quoted(passage.fingerprint)}\n"
            if passage.length:
                yield f"length = {passage.length}\nbegins = {_quoted(passage.begins)}\n"
            if passage.clauses:
                yield f"clauses = [{', '.join(map(_quoted, passage.clauses))}]\n"
            if passage.informative is not None:
                yield f"informative = {_quoted(passage.informative)}\n"


def load_lock(file: Path) -> Lock:
    """Read a `document.lock`; ContractError, with the passage, where it is none."""
    where = f"{file.parent.name}/{file.name}"
    try:
        data = tomllib.loads(file.read_text("utf-8"))
        return Lock(
            document=data["document"],
            retrieved=data["retrieved"],
            operation=data.get("operation"),
            passages=tuple(_passages(data.get("passage", ()))),
        )
    except (OSError, ValueError) as error:
        raise ContractError(f"{where}: {error}") from error
    except (KeyError, TypeError) as error:
        raise ContractError(f"{where}: expected document, retrieved and passages, got {error!r}.") from error


def _passages(items: Iterable[dict[str, Any]]) -> Iterator[Passage]:
    for item in items:
        given = dict(item)
        at = given.pop("line") if "line" in given else given.pop("at")
        yield Passage(at=at, **{**given, "clauses": tuple(given.get("clauses", ()))})


def _quoted(text: str) -> str:
    # A basic string of TOML has the escapes of JSON.
    return json.dumps(text, ensure_ascii=False)
