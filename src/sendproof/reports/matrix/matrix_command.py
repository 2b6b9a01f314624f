"""The command `sendproof matrix`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import click
from rich.console import Console
from rich.text import Text

from sendproof.errors import UsageError
from sendproof.reports.matrix.concepts import load_catalogue
from sendproof.reports.matrix.differences import differences
from sendproof.reports.matrix.matrix_markdown import to_markdown
from sendproof.reports.matrix.matrix_page import to_page
from sendproof.reports.matrix.rows import Table, build
from sendproof.reports.results import SavedRun, load_run
from sendproof.reports.terminal import Progress, StreamConsole
from sendproof.reports.text import visible
from sendproof.reports.write import write_named

_FILE = click.Path(path_type=Path)
_WRITERS: Mapping[str, Callable[[Table], str]] = MappingProxyType({".html": to_page, ".md": to_markdown})


@click.command()
@click.argument("results", nargs=-1, required=True, type=_FILE)
@click.option(
    "-o", "--output", "outputs", type=_FILE, multiple=True, help="A page (.html) or Markdown (.md); may be repeated."
)
def matrix(*, results: tuple[Path, ...], outputs: tuple[Path, ...]) -> None:
    """Set results side by side, concept by concept.

    RESULTS are results.json files or their folders, each a column, in that order.
    """
    for output in outputs:
        _check_ending(output)
    table = build(_loaded(results), load_catalogue())
    if not outputs:
        click.echo(to_markdown(table), nl=False)
    console = StreamConsole(highlight=False)
    for output in outputs:
        write_named(output, _WRITERS[output.suffix](table))
        console.print(Text(f"{visible(str(output), None)}: {_in_short(table)}"), soft_wrap=True)


def _check_ending(output: Path) -> None:
    if output.suffix not in _WRITERS:
        shown = visible(output.name, 80)
        raise UsageError(f"-o: expected a name that ends in .html or .md, got {shown!r}. Correct the ending.")


def _loaded(paths: Sequence[Path]) -> tuple[SavedRun, ...]:
    runs: list[SavedRun] = []
    with Progress(Console(stderr=True, highlight=False)) as progress:
        for number, path in enumerate(paths):
            progress.update(number, len(paths), f"reads {path}")
            runs.append(load_run(path))
    return tuple(runs)


def _in_short(table: Table) -> str:
    differing = sum(1 for row in table.rows if differences(row))
    columns = len(table.columns)
    return f"{columns} column{'' if columns == 1 else 's'}, {len(table.rows)} concepts, {differing} differ"
