"""The commands `sendproof pack list`, `pack new` and `pack check`: the folders of data that vendors are."""

from __future__ import annotations

from pathlib import Path

import click

from sendproof.commands.shared import FILE, PACK
from sendproof.contract.model import load_contract, read_contract
from sendproof.contract.new_pack import write_pack
from sendproof.contract.pack_checks import mistakes
from sendproof.contract.packs import add_pack, pack_folders
from sendproof.errors import ContractError
from sendproof.reports.text import visible
from sendproof.runs.pack_examples import count_examples, wrong_examples


@click.group()
def pack() -> None:
    """Find, begin and check packs: a vendor is a folder of data."""


@pack.command("list", params=[PACK])
def list_packs() -> int:
    """List the packs that are found, where each is, and what is wrong with one."""
    broken = False
    for name, folder in sorted(pack_folders().items()):
        try:
            contract = load_contract(name)
        except ContractError as error:
            broken = True
            click.echo(f"{name}  {folder}\n  broken: {visible(str(error), None)}")
            continue
        clauses = [clause for clause in contract.clauses.values() if not clause.is_of_http]
        read_only = (
            ""
            if contract.provider.run_against_vendor
            else "; read from public documents, not yet run against the vendor"
        )
        click.echo(f"{name}  {contract.provider.title}, {len(clauses)} clauses{read_only}\n  {folder}")
    return 4 if broken else 0


@pack.command("new")
@click.argument("name")
@click.option("--directory", type=FILE, default=Path(), show_default=True, help="Where the pack's folder is made.")
def new(*, name: str, directory: Path) -> None:
    """Write the skeleton of a pack: files to fill in, which can be read as they are."""
    folder = write_pack(directory, name)
    click.echo(f"wrote {folder}. Next: read the vendor's document, fill the files in, `sendproof pack check {folder}`")


@pack.command("check")
@click.argument("folders", nargs=-1, required=True, type=FILE)
def check(*, folders: tuple[Path, ...]) -> int:
    """Validate packs: facts, clauses, schemas, what each rests on, and what the examples must be judged as."""
    found = 0
    for folder in folders:
        name = add_pack(folder)
        contract = read_contract(name)
        problems = mistakes(contract)
        problems = problems or tuple(wrong_examples(contract))
        for problem in problems:
            click.echo(visible(problem, None), err=True)
        found += len(problems)
        if not problems:
            examples = count_examples(contract)
            judged = f"{examples} examples judged as they say" if examples else "no examples"
            click.echo(f"{name}: {len(contract.clauses)} clauses, {judged}, no mistake found")
    return 1 if found else 0
