"""A command imports what it needs, and no more: its start is what a user waits for each time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sendproof.cli import cli

HEAVY = ("_pytest", "bs4", "httpx", "hypothesis", "jsonschema", "rich", "schemathesis", "starlette")


def test_version_imports_no_library_that_it_does_not_need() -> None:
    code = f"import sys; from sendproof.cli import main; main(['--version']); print({HEAVY!r} & sys.modules.keys())"
    code = code.replace(repr(HEAVY), f"set({HEAVY!r})")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("name", list(cli.commands))
def test_command_is_called_as_it_is_looked_up(name: str) -> None:
    assert cli.commands[name].name == name
