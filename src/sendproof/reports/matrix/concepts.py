"""Concepts: what several vendors promise in their own words (`schemas/concepts.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sendproof.contract.clause import CONCERNS, Clause
from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.errors import ContractError
from sendproof.folders import schemas_dir

FILE_NAME = "concepts.toml"
_KEYS = {"title": str, "varies": bool, "within": str}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One row: a promise that vendors share, or a question that their documents leave open.

    `varies` tells that the vendors' own terms are part of the promise. `within` is the wider
    concept that says this too.
    """

    id: str
    concern: str
    title: str
    varies: bool = False
    within: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All that is installed: concepts by id, contracts by provider, clauses by id."""

    concepts: Mapping[str, Concept]
    contracts: Mapping[str, Contract]
    clauses: Mapping[str, Clause]


def load_catalogue(root: Path | None = None) -> Catalogue:
    """Read the concepts and the contracts of every provider under `root`, by default the installed ones."""
    folder = root or schemas_dir()
    contracts = {name: load_contract(name, folder) for name in provider_names(folder)}
    clauses = {name: clause for contract in contracts.values() for name, clause in contract.clauses.items()}
    return Catalogue(
        concepts=load_concepts(folder / FILE_NAME),
        contracts=MappingProxyType(contracts),
        clauses=MappingProxyType(clauses),
    )


def load_concepts(file: Path) -> Mapping[str, Concept]:
    """Read a `concepts.toml`; what is wrong with it raises ContractError."""
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{file.name}: expected tables of concepts, got {error}. Correct the file.") from error
    found: dict[str, Concept] = {}
    for concept in _concepts(data, file.name):
        if concept.id in found:
            raise ContractError(f"{file.name}: {concept.id}: expected one line, got two. A concept has one concern.")
        found[concept.id] = concept
    for concept in found.values():
        if concept.within is not None and (concept.within == concept.id or concept.within not in found):
            raise ContractError(f"{file.name}: {concept.id}: within: expected a concept, got {concept.within!r}.")
    return MappingProxyType(found)


def _concepts(data: Mapping[str, Any], where: str) -> Iterator[Concept]:
    for concern, lines in data.items():
        if concern not in CONCERNS or not isinstance(lines, dict):
            raise ContractError(f"{where}: expected tables named by concern, got {concern!r}. Correct the name.")
        for identity, line in lines.items():
            yield _concept(identity, concern, {"title": line} if isinstance(line, str) else line, where)


def _concept(identity: str, concern: str, line: Any, where: str) -> Concept:
    if not isinstance(line, dict) or not line.get("title") or set(line) - set(_KEYS):
        raise ContractError(f"{where}: {identity}: expected a title, varies and within, got {line!r}. Correct it.")
    for key, value in line.items():
        if not isinstance(value, _KEYS[key]):
            raise ContractError(f"{where}: {identity}: {key}: expected {_KEYS[key].__name__}, got {value!r}.")
    return Concept(id=identity, concern=concern, **line)


def titled(identity: str, claims: Mapping[str, None]) -> str:
    """Return a title for a concept that no file has: its one claim, or else its id in words."""
    if len(claims) == 1:
        return next(iter(claims))
    words = identity.partition(".")[2] or identity
    return words.replace("-", " ").replace("_", " ").replace(".", ", ").capitalize()
