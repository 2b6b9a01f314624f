"""The command `sendproof drift`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from sendproof.contract.documents import Block, OpenApi, read_document
from sendproof.contract.drift import drift_of
from sendproof.contract.lock import load_lock
from sendproof.contract.model import Contract, load_contract
from sendproof.errors import UsageError
from sendproof.reports import drift_report
from sendproof.reports.terminal import StreamConsole
from sendproof.reports.write import write_named
from sendproof.runs.asking import read_target
from sendproof.target.fetching import fetch_page


@click.command()
@click.argument("provider")
@click.option(
    "--document",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="The new copy.",
)
@click.option("--url", metavar="URL", help="Fetch the new copy from here, with one GET.")
@click.option("--target", type=click.Path(path_type=Path), help="Profile whose [network] settings --url uses.")
@click.option(
    "--format", "form", type=click.Choice(["terminal", *drift_report.WRITERS]), default="terminal", show_default=True
)
@click.option("--write", "writes", is_flag=True, help="Update document.lock: keep what stands, add what must be read.")
def drift(
    *, provider: str, files: tuple[Path, ...], url: str | None, target: Path | None, form: str, writes: bool
) -> int:
    """Tell which clauses a changed document of a vendor puts in doubt, and which words are new.

    Lines that are wrapped, numbered, moved or styled otherwise are no change. Exit 1 where a clause is in doubt.
    """
    copies = _copies(files, url, target)
    return report_drift(load_contract(provider), copies, form=form, writes=writes, today=datetime.now(UTC).date())


def report_drift(
    contract: Contract, copies: Sequence[Sequence[Block] | OpenApi], *, form: str, writes: bool, today: date
) -> int:
    """Print what became of the document of a contract, write its lock where that is asked, and return the exit code."""
    file = contract.folder / "document.lock"
    found = drift_of(contract.provider.name, load_lock(file), copies, today=today.isoformat())
    if form == "terminal":
        drift_report.print_drift(found, contract, StreamConsole(highlight=False))
    else:
        click.echo(drift_report.WRITERS[form](found, contract), nl=False)
    if writes:
        write_named(file, found.lock.to_toml())
        click.echo(drift_report.written(found, file), err=True)
    return drift_report.exit_code(found)


def _copies(files: tuple[Path, ...], url: str | None, target: Path | None) -> list[tuple[Block, ...] | OpenApi]:
    if bool(files) == (url is not None):
        raise UsageError("drift: expected --document FILE or --url URL, got neither or both. Name one of them.")
    if url is not None:
        network = read_target(target).network if target is not None else None
        content, media_type = fetch_page(url, network)
        return [read_document(content, name=urlsplit(url).path, media_type=media_type)]
    copies = []
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file}: expected a readable file, got {error.strerror!r}. Check the path.") from error
        copies.append(read_document(content, name=file.name))
    return copies
