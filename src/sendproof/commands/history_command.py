"""The command `sendproof history`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from sendproof.commands.shared import FILE
from sendproof.reports.history_page import print_history, to_page
from sendproof.reports.run_history import load_history
from sendproof.reports.terminal import StreamConsole
from sendproof.reports.text import visible
from sendproof.reports.write import write_named


@click.command()
@click.argument("folders", nargs=-1, required=True, type=FILE, metavar="FOLDER...")
@click.option("-o", "--output", type=FILE, help="Write the page to this file (.html).")
def history(*, folders: tuple[Path, ...], output: Path | None) -> None:
    """Show what changed over many runs of one target, and when.

    A FOLDER is searched for results.json files, however deep they lie.
    """
    found = load_history(folders)
    console = StreamConsole(highlight=False)
    if output is not None:
        write_named(output, to_page(found))
    print_history(found, console)
    if output is not None:
        console.print(Text(f"page: {visible(str(output), None)}"), soft_wrap=True)
