"""The command `sendproof compare`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import click
from rich.text import Text

from sendproof.errors import UsageError
from sendproof.reports.comparison.compare import compare as compare_runs
from sendproof.reports.comparison.comparison_json import to_json
from sendproof.reports.comparison.comparison_markdown import to_markdown
from sendproof.reports.comparison.comparison_page import to_page
from sendproof.reports.comparison.comparison_terminal import print_comparison
from sendproof.reports.comparison.comparison_values import Comparison
from sendproof.reports.comparison.comparison_words import closing_line
from sendproof.reports.results import load_run
from sendproof.reports.terminal import StreamConsole
from sendproof.reports.text import visible
from sendproof.reports.write import write_named

_FILE = click.Path(path_type=Path)
_TERMINAL = "terminal"
_WRITERS: Mapping[str, Callable[[Comparison], str]] = MappingProxyType(
    {"markdown": to_markdown, "json": to_json, "html": to_page}
)
_ENDINGS: Mapping[str, str] = MappingProxyType(
    {".md": "markdown", ".markdown": "markdown", ".json": "json", ".html": "html", ".htm": "html"}
)


@click.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option(
    "--format", "form", type=click.Choice([_TERMINAL, *_WRITERS]), help="By default the terminal, or what -o ends in."
)
@click.option("-o", "--output", type=_FILE, help="Write to this file (.md, .json, .html).")
def compare(*, old: Path, new: Path, form: str | None, output: Path | None) -> int:
    """Tell what changed from one run of a provider to another.

    OLD and NEW are results.json files or their folders; the exchanges.har beside them is read as
    well. Exit 1 when a required or recommended clause regressed, fails that was not
    decided before, or lost its coverage.
    """
    chosen = _form(form, output)
    found = compare_runs(load_run(old), load_run(new))
    console = StreamConsole(highlight=False)
    if chosen == _TERMINAL:
        print_comparison(found, console)
    elif output is None:
        click.echo(_WRITERS[chosen](found), nl=False)
    else:
        write_named(output, _WRITERS[chosen](found))
        console.print(Text(f"{visible(str(output), None)}: {visible(closing_line(found), None)}"), soft_wrap=True)
    return found.exit_code


def _form(form: str | None, output: Path | None) -> str:
    if output is None:
        return form or _TERMINAL
    shown = visible(output.name, 80)
    if form == _TERMINAL:
        raise UsageError(f"-o: expected markdown, json or html for {shown}, got terminal. Choose another --format.")
    if form is None and output.suffix not in _ENDINGS:
        raise UsageError(f"-o: expected a name that ends in .md, .json or .html, got {shown!r}. Or name a --format.")
    return form or _ENDINGS[output.suffix]
