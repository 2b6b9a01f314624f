"""What a user may import is what `__all__` names."""

from __future__ import annotations

import re

import pytest

import sendproof

from .docs.pages import PAGES, fences


@pytest.mark.parametrize("name", sendproof.__all__)
def test_public_name_is_there_with_a_docstring(name: str) -> None:
    assert getattr(sendproof, name).__doc__


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Verdict'"):
        sendproof.Verdict  # noqa: B018 - looked up, no more


@pytest.mark.parametrize("page", PAGES)
def test_examples_import_nothing_else(page: str) -> None:
    examples = "".join(body for language, body in fences(PAGES[page]) if language == "python")
    imported = re.findall(r"^(?:from|import) (sendproof[\w.]*)(?: import (.*))?$", examples, re.MULTILINE)
    assert {module for module, _ in imported} <= {"sendproof"}
    assert {name for _, names in imported for name in names.split(", ")} <= set(sendproof.__all__)
