"""The commands `sendproof init` and `sendproof clauses`: what a contract holds, written for a user."""

from __future__ import annotations

import json

import click

from sendproof.contract.model import load_contract, load_provider, provider_names
from sendproof.reports import clauses as catalogue
from sendproof.reports.terminal import StreamConsole
from sendproof.target.init import init_text
from sendproof.target.profile_schema import profile_schema


@click.command()
@click.argument("provider")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of such a profile instead, for editors.")
def init(provider: str, *, schema: bool) -> None:
    """Print a commented target profile."""
    facts = load_provider(provider)
    click.echo(json.dumps(profile_schema(facts), indent=2) + "\n" if schema else init_text(facts), nl=False)


@click.command()
@click.argument("providers", nargs=-1)
@click.option("--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True)
def clauses(*, providers: tuple[str, ...], form: str) -> None:
    """Show the catalogue of clauses."""
    contracts = [load_contract(name) for name in providers or provider_names()]
    if form == "table":
        catalogue.print_table(contracts, StreamConsole(highlight=False))
    else:
        click.echo(catalogue.to_json(contracts) if form == "json" else catalogue.to_markdown(contracts))
