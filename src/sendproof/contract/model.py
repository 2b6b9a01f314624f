"""A contract: a provider's facts, its clauses and its schemas."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sendproof.contract.clause import Clause, clause_from_toml
from sendproof.contract.pack_checks import check_pack
from sendproof.contract.packs import FACTS, pack_folders
from sendproof.contract.provider import Provider
from sendproof.contract.schema import ClauseSchema
from sendproof.errors import ContractError, UsageError
from sendproof.folders import schemas_dir

HTTP = "http"
REQUEST, ACCEPTED, REFUSAL = "request", "accepted", "refusal"
_SCHEMAS = "*.schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """All that one provider promises. `folder` is where its files lie."""

    provider: Provider
    clauses: Mapping[str, Clause]
    request: ClauseSchema
    accepted: ClauseSchema
    refusal: ClauseSchema
    by_check: Mapping[str, tuple[Clause, ...]]
    sha256: str
    folder: Path

    def with_check(self, name: str) -> tuple[Clause, ...]:
        """Return the clauses that the check `name` decides."""
        return self.by_check.get(name, ())


def provider_names(root: Path | None = None) -> tuple[str, ...]:
    """Return the providers that have a pack: under `root`, by default those that ship and those that the user named."""
    return tuple(sorted(_folders(root)))


def _folders(root: Path | None) -> Mapping[str, Path]:
    return pack_folders() if root is None else {file.parent.name: file.parent for file in root.glob(f"[!_]*/{FACTS}")}


def load_provider(name: str, root: Path | None = None) -> Provider:
    """Read one `provider.toml`. An unknown name raises UsageError."""
    folder = _folder(name, root)
    return Provider.from_toml(_toml(folder / FACTS), where=f"{name}/{FACTS}")


def load_contract(name: str, root: Path | None = None) -> Contract:
    """Read the contract of one provider, the promises of HTTP included; ContractError where its pack has a mistake."""
    contract = read_contract(name, root)
    check_pack(contract)
    return contract


def read_contract(name: str, root: Path | None = None) -> Contract:
    """Read the contract of one provider, as far as its files can be read: what it says may be wrong."""
    folder = _folder(name, root)
    http = (root or schemas_dir()) / HTTP
    resources = {schema["$id"]: schema for schema in map(_json, sorted([*folder.glob(_SCHEMAS), *http.glob(_SCHEMAS)]))}
    clauses: dict[str, Clause] = {}
    for file in (folder / "clauses.toml", http / "clauses.toml"):
        _collect(file, clauses)
    _check_dependencies(clauses)

    def schema(kind: str) -> ClauseSchema:
        file = folder / f"{kind}.schema.json"
        return ClauseSchema(_json(file), resources, where=f"{name}/{file.name}")

    return Contract(
        provider=load_provider(name, root),
        clauses=MappingProxyType(clauses),
        request=schema(REQUEST),
        accepted=schema(ACCEPTED),
        refusal=schema(REFUSAL),
        by_check=_by_check(clauses.values()),
        sha256=_digest([*folder.iterdir(), *http.iterdir()]),
        folder=folder,
    )


def _by_check(clauses: Iterable[Clause]) -> Mapping[str, tuple[Clause, ...]]:
    found: dict[str, tuple[Clause, ...]] = {}
    for clause in clauses:
        if clause.check:
            found[clause.check] = (*found.get(clause.check, ()), clause)
    return MappingProxyType(found)


def _collect(file: Path, into: dict[str, Clause]) -> None:
    for item in _toml(file)["clause"]:
        clause = clause_from_toml(item, where=f"{file.parent.name}/{file.name}")
        if clause.id in into:
            raise ContractError(f"{file.parent.name}/{file.name}: {clause.id} stands there twice.")
        into[clause.id] = clause


def _check_dependencies(clauses: Mapping[str, Clause]) -> None:
    """Raise ContractError where a clause rests on none, or on one that may fail without consequence."""
    for clause in clauses.values():
        for other in clause.after:
            if other not in clauses:
                raise ContractError(f"{clause.id}: after: expected a clause, got {other!r}. Correct the id.")
            if clause.level == "required" and clauses[other].level != "required":
                raise ContractError(f"{clause.id}: after: expected a required clause, got {other}. Leave it out.")


def _folder(name: str, root: Path | None) -> Path:
    folders = _folders(root)
    if name not in folders:
        known = ", ".join(sorted(folders))
        raise UsageError(
            f"provider: expected one of {known}, got {name!r}. Name one that has a pack, or its folder with --pack."
        )
    return folders[name]


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in files if path.is_file()):
        digest.update(f"{file.parent.name}/{file.name}\0".encode())
        digest.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _json(file: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{file.parent.name}/{file.name}: {error}") from error
    return data


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{file.parent.name}/{file.name}: {error}") from error
