"""Imports point one way: from the edge through what is sent and received to pure values, never back."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sendproof

PACKAGE = Path(sendproof.__file__).parent
# A part may import from itself, from the parts above it, and from nothing below.
ORDER = (
    ("exit_codes",),
    ("errors", "exchange", "account", "folders"),
    ("process",),
    ("contract",),
    ("judge",),
    ("corpus",),
    ("target",),
    ("conversation",),
    ("mock",),
    ("reports",),
    ("runs",),
    ("commands",),
    ("fixtures", "plugin", "cli"),
    ("__main__",),
    ("__init__",),
)
LAYER = {name: number for number, names in enumerate(ORDER) for name in names}


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sendproof"):
            yield from ([node.module] if node.module != "sendproof" else [f"sendproof.{a.name}" for a in node.names])
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("sendproof."))


def _part(module: str) -> str:
    return module.split(".")[1]


@cache
def _arrows() -> tuple[tuple[str, str, str], ...]:
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE)
        if place.parts[0] == "suites":
            # Shipped beside the modules, and the edge of all.
            continue
        own = place.parts[0].removesuffix(".py")
        found += [(place.as_posix(), own, _part(module)) for module in _imports(file)]
    return tuple(found)


def test_every_part_has_its_layer() -> None:
    assert {own for _, own, _ in _arrows()} | {imported for _, _, imported in _arrows()} <= set(LAYER)


def test_no_import_points_back() -> None:
    back = {f"{file} imports {part}" for file, own, part in _arrows() if part != own and LAYER[part] >= LAYER[own]}
    assert back == set()


def test_mock_imports_nothing_of_the_others() -> None:
    assert {f"{file} imports {part}" for file, own, part in _arrows() if own == "mock" and part != "mock"} == set()


# A module of `mock/faults/PROVIDER/` and of `mock/variants/` is called as the part of the mock that it changes.
MIRRORED = (PACKAGE / "mock" / "faults", PACKAGE / "mock" / "variants")


def test_no_module_name_stands_in_two_packages() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if not any(folder in file.parents for folder in MIRRORED)]
    counts = Counter(file.stem for file in files if not file.stem.startswith("__"))
    assert {name for name, count in counts.items() if count > 1} == set()
