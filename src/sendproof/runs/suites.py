"""The suite files, imported by their place: they are no package."""

from __future__ import annotations

import importlib.util
from functools import cache
from types import ModuleType

from sendproof.resources import suites_dir


@cache
def suites() -> tuple[ModuleType, ...]:
    """Return the suite files, in the order of their names."""
    return tuple(_imported(str(file), file.stem) for file in sorted(suites_dir().glob("test_*.py")))


def _imported(file: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, "the suites are Python files"
    assert spec.loader is not None, "the suites are Python files"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
