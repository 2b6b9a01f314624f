"""Finding packs: the folders of the vendors that ship with sendproof, and those that the user names.

A pack holds data alone: facts, clauses, schemas. Nothing of it is run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from sendproof.errors import ContractError, UsageError
from sendproof.folders import schemas_dir

FACTS = "provider.toml"
_named: dict[str, Path] = {}
"""The packs that the user named, by their vendor. Like Python's import path it is one for the whole process: results,
waivers and profiles speak of a vendor by name, wherever they are read."""


def add_pack(folder: Path) -> str:
    """Make a pack known by its vendor's name, and return that; UsageError where it is none, or another is so called."""
    file = folder / FACTS
    if not file.is_file():
        raise UsageError(f"{folder}: expected a pack, a folder with a {FACTS}, got none. Check the path.")
    name = _name_of(file)
    taken = pack_folders().get(name)
    if taken is not None and taken.resolve() != folder.resolve():
        raise UsageError(f"{file}: name: expected one that no other pack has, got {name!r}, as in {taken}. Rename it.")
    if taken is None:
        _named[name] = folder.resolve()
    return name


def _name_of(file: Path) -> str:
    try:
        name = tomllib.loads(file.read_text("utf-8")).get("name")
    except (OSError, ValueError) as error:
        raise ContractError(f"{file}: {error}") from error
    if not isinstance(name, str) or not name:
        raise ContractError(f"{file}: name: expected the name of a vendor, got {name!r}. Add it.")
    return name


def added_packs() -> tuple[Path, ...]:
    """Return the folders of the packs that the user named."""
    return tuple(_named.values())


def forget_packs() -> None:
    """Forget the packs that the user named."""
    _named.clear()


def pack_folders() -> Mapping[str, Path]:
    """Return the folder of every known pack, by the name of its vendor: those that ship, then the user's own."""
    shipped = {file.parent.name: file.parent for file in sorted(schemas_dir().glob(f"[!_]*/{FACTS}"))}
    return shipped | _named
