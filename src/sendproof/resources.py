"""Where the data that ships with sendproof lies: contracts and suites."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent.parent


def schemas_dir() -> Path:
    """Return the folder of contracts: inside the package, or beside it in a checkout."""
    return _shipped("schemas")


def suites_dir() -> Path:
    """Return the folder of suites: inside the package, or beside it in a checkout."""
    return _shipped("suites")


def _shipped(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _CHECKOUT / name
