"""Every clause of a provider: its claim, its source, and how it is decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from sendproof.contract.clause import CONCERNS, Clause
from sendproof.contract.deciding import outcome
from sendproof.contract.model import ACCEPTED, HTTP, REFUSAL, REQUEST, Contract, load_contract, provider_names
from sendproof.contract.schema import ClauseSchema, keywords
from sendproof.reports.run_view import fixture_for

from .checks import sentence
from .markdown import code, link, listed
from .mocks import breaking, label

_LONG = 60
_MEANING: Mapping[str, str] = {
    REQUEST: "A message that breaks it must be refused.",
    ACCEPTED: "Each answer to an accepted message must keep it.",
    REFUSAL: "Each answer to a refused message must keep it.",
}


@cache
def contract(name: str) -> Contract:
    """Return the contract of a provider, read once."""
    return load_contract(name)


def of_provider(name: str) -> tuple[Clause, ...]:
    """Return the clauses of a provider, those of HTTP left out; or those of HTTP."""
    chosen = provider_names()[0] if name == HTTP else name
    clauses = contract(chosen).clauses.values()
    return tuple(clause for clause in clauses if clause.is_of_http is (name == HTTP))


def page(provider: str) -> str:
    """Return the clauses of a provider, or of `http`, by concern, each under its id."""
    clauses = of_provider(provider)
    parts: list[str] = []
    for concern in CONCERNS:
        mine = [clause for clause in clauses if clause.concern == concern]
        parts += [f"## {concern}\n"] if mine else []
        parts += [part for clause in mine for part in _clause(clause, provider)]
    return "\n".join(parts)


def _clause(clause: Clause, provider: str) -> Iterator[str]:
    yield f"({clause.id})=\n### {code(clause.id)}\n"
    yield f"{clause.claim}\n"
    yield f"- level: {clause.level}"
    yield f"- source: {code(clause.source.document)}, {clause.source.section}"
    yield f"- decided by: {_decided(clause, provider)}"
    if clause.gates:
        yield f"- {outcome(clause, contract(provider_names()[0] if provider == HTTP else provider))}"
    if clause.after:
        yield f"- rests on {listed(map(link, clause.after))}"
    if fixture := _fixture(clause, provider):
        yield f"- needs the fixture {code(fixture)}"
    if faults := tuple(breaking(clause.id)):
        yield f"- broken on purpose by {listed(_fault(*fault) for fault in faults)}"
    yield ""


def _fixture(clause: Clause, provider: str) -> str | None:
    return None if provider == HTTP else fixture_for(clause, contract(provider).provider)


def _fault(provider: str, name: str) -> str:
    return link(label(provider, name), name)


def _decided(clause: Clause, provider: str) -> str:
    if clause.check:
        return f"the check {link(f'check-{clause.check}', clause.check)}. {sentence(clause.check, clause.params)}"
    if clause.level == "excluded":
        return f"nothing. {clause.reason}"
    return " ".join(_by_keyword(clause.id, provider))


def _by_keyword(clause: str, provider: str) -> Iterator[str]:
    for kind, found in _keywords(provider).get(clause, {}).items():
        yield f"{listed(dict.fromkeys(found))} in {code(f'{kind}.schema.json')}. {_MEANING[kind]}"


@cache
def _keywords(provider: str) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the keywords of the three schemas, in words, by clause and kind of schema."""
    promised = contract(provider)
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    kinds: Iterable[tuple[str, ClauseSchema]] = (
        (REQUEST, promised.request),
        (ACCEPTED, promised.accepted),
        (REFUSAL, promised.refusal),
    )
    for kind, schema in kinds:
        for place, keyword, clause in keywords(schema.schema):
            mine = found.setdefault(clause or "", {})
            mine[kind] = (*mine.get(kind, ()), _keyword(schema.schema, place, keyword))
    return found


def _keyword(schema: Mapping[str, Any], place: str, keyword: str) -> str:
    """Return a keyword with its value and the field on which it stands."""
    name, _, member = keyword.partition(":")
    path = place.split("/")[1:]
    names = [path[index + 1] for index, part in enumerate(path[:-1]) if part == "properties"]
    of = f" of {code('.'.join(names))}" if names else " of the whole"
    value = f" {code(member)}" if member else _value(_at(schema, path))
    return f"the keyword {code(name)}{value}{of}"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f" {code(text)}" if len(text) <= _LONG else ""


def _at(node: Any, path: Iterable[str]) -> Any:
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node
