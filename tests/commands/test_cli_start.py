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


@pytest.mark.parametrize("words", [("mock", "textflow", "--list"), ("clauses", "--format", "json")], ids=" ".join)
def test_pipe_that_is_read_no_more_is_exit_11(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "sendproof", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 11, said
    assert "internal error" not in said
