"""The command line and the options of pytest, from the objects that parse them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from sendproof.cli import cli
from sendproof.plugin import pytest_addoption

from .markdown import code, table


def page() -> str:
    """Return a section for each command: what it does, how it is called, its options."""
    return "\n".join(part for name in sorted(cli.commands) for part in _command(name, cli.commands[name]))


def _command(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=f"sendproof {name}", **cli.context_settings)
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield f"(command-{name})=\n## {code(f'sendproof {name}')}\n"
    yield f"{_text(command.help)}\n"
    yield f"```text\n{usage}\n```\n"
    options = [item for item in command.get_params(context) if isinstance(item, click.Option)]
    records = [record for item in options if (record := item.get_help_record(context))]
    yield table(("option", "meaning"), [(code(names), _text(told)) for names, told in records])
    if command.epilog:
        yield f"{_text(command.epilog)}\n"


def _text(told: str | None) -> str:
    """Return a help text as Markdown: two hyphens and brackets stay what they are."""
    return " ".join((told or "").split()).replace("[", "\\[").replace("<", "&lt;").replace("--", "\\-\\-")


class _Recorder:
    """Takes the options that the plugin gives to pytest."""

    def __init__(self) -> None:
        self.options: list[tuple[str, str]] = []

    def getgroup(self, *_: str) -> _Recorder:
        """Return itself: there is one group."""
        return self

    def addoption(self, name: str, **given: Any) -> None:
        """Keep the name of an option with its placeholder and its help."""
        shown = f"{name} {given['metavar']}" if "metavar" in given else name
        if "choices" in given:
            shown = f"{name} {'|'.join(given['choices'])}"
        self.options.append((shown, given.get("help", "")))


def pytest_options() -> str:
    """Return the table of the options that `pytest` has beside its own."""
    recorder = _Recorder()
    pytest_addoption(recorder)  # type: ignore[arg-type]  # as much of a parser as is used
    return table(("option", "meaning"), [(code(shown), _text(told)) for shown, told in recorder.options])
