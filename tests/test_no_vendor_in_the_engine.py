"""The engine knows no vendor: what a shipped pack says stands in no module that reads packs."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import sendproof
from sendproof.contract import deciding
from sendproof.contract.clause import CONCERNS, LEVELS
from sendproof.contract.model import provider_names
from sendproof.contract.outcome import Outcome
from sendproof.contract.provider import FIELD_ROLES, BodyFormat, FixtureKind, Spelling
from sendproof.folders import schemas_dir

ENGINE = ("contract", "judge", "corpus", "target")
# The words of the format itself: checks and what chooses among them, faults, kinds, spellings, roles.
FORMAT = {
    *(word for key in deciding.SENTENCES for word in key.split(" ")),
    *deciding.FAULTS,
    *CONCERNS,
    *LEVELS,
    *FIELD_ROLES,
    *get_args(FixtureKind),
    *get_args(Spelling),
    *(item.value for item in (*BodyFormat, *Outcome)),
}
# The field's own words: schemes of HTTP, states of an account, kinds of messages, numbering plans.
FIELD = {
    *("basic", "header", "POST", "nanp"),
    *("active", "test", "daily_exhausted", "no_credits", "rate_limited"),
    *("sms", "mms", "status", "body"),
    # Groups of faults, and kinds of characters and of bodies.
    *("auth", "request", "coded", "several", "combining", "non_ascii", "extended"),
}
# A number that is something else in the engine: KiB of a huge body.
NUMBERS = {640}


def values(item: Any) -> Iterator[Any]:
    if isinstance(item, dict):
        for value in item.values():
            yield from values(value)
    elif isinstance(item, list):
        for value in item:
            yield from values(value)
    elif not isinstance(item, bool):
        yield item


def said_by_packs() -> set[Any]:
    """Return what packs say: texts of some length, and numbers that are no status codes or small counts."""
    found: set[Any] = set()
    for name in provider_names():
        facts = tomllib.loads((schemas_dir() / name / "provider.toml").read_text("utf-8"))
        clauses = tomllib.loads((schemas_dir() / name / "clauses.toml").read_text("utf-8"))["clause"]
        found |= {*values(facts), *(value for clause in clauses for value in values(clause.get("check", {})))}
    texts = {item for item in found if isinstance(item, str) and len(item) > 1}
    return texts | {item for item in found if isinstance(item, int) and item > 599}


def literals() -> Iterator[tuple[str, Any]]:
    for folder in ENGINE:
        for file in (Path(sendproof.__file__).parent / folder).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str | int):
                    yield f"{folder}/{file.name}:{node.lineno}", node.value


def test_nothing_that_a_pack_says_is_a_literal_of_the_engine() -> None:
    said = said_by_packs() - FORMAT - FIELD - NUMBERS
    assert {"X-API-Key", "mediaUrl", 33019, 1600, 20003, "/messages/0/status"} <= said
    assert [(place, value) for place, value in literals() if value in said] == []


def test_every_word_of_the_field_is_needed() -> None:
    said, used = said_by_packs(), {value for _, value in literals()}
    assert {word for word in FIELD | NUMBERS if word not in said & used} == set()
