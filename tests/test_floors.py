"""The versions that the metadata permits, and those that are installed."""

from __future__ import annotations

import os
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
DIRECT = [
    Requirement(line) for line in (*PYPROJECT["project"]["dependencies"], *PYPROJECT["dependency-groups"]["test"])
]
IN_LOWEST = os.environ.get("TOX_ENV_NAME") == "lowest"

each = pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)


def floors(requirement: Requirement) -> list[str]:
    return [part.version for part in requirement.specifier if part.operator == ">="]


@each
def test_requirement_has_one_floor(requirement: Requirement) -> None:
    assert len(floors(requirement)) == 1


@each
def test_installed_version_is_a_permitted_one_and_in_lowest_the_floor(requirement: Requirement) -> None:
    permitted = SpecifierSet(f"=={floors(requirement)[0]}") if IN_LOWEST else requirement.specifier
    assert permitted.contains(version(requirement.name), prereleases=True)
