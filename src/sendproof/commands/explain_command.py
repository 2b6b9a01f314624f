"""The command `sendproof explain`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill, indent
from typing import Any

import click
from rich.text import Text

from sendproof.contract.clause import Clause
from sendproof.contract.deciding import decided
from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.errors import UsageError, suggestion
from sendproof.mock.faults import FAULTS
from sendproof.reports.results import load_run
from sendproof.reports.run_view import fixture_for
from sendproof.reports.terminal import StreamConsole
from sendproof.reports.text import visible

_COMMAND = "Command that shows it"
Section = tuple[str, Sequence[str]]


@click.command()
@click.argument("clause", metavar="CLAUSE")
@click.option("--from", "results", type=click.Path(path_type=Path), help="A results.json, or its folder: the verdict.")
def explain(*, clause: str, results: Path | None) -> None:
    """Explain one clause: its claim and source, how it is decided, and the faults that break it.

    With --from, also its verdict in a run, what was expected and observed, and the command that shows it.
    """
    contract = _contract_of(clause)
    found = contract.clauses[clause]
    console = StreamConsole(highlight=False)
    console.print(Text(f"{found.id}  {found.level}, {found.concern}", style="bold"))
    for title, lines in (*sections(found, contract), *(_in_run(found, results) if results is not None else ())):
        console.print(Text(f"\n{title}", style="bold"))
        for line in lines:
            # A command is copied as it stands.
            shown = line if title == _COMMAND else fill(visible(line, None), console.width - 2)
            console.print(Text(indent(shown, "  ")), soft_wrap=True)


def _contract_of(clause: str) -> Contract:
    contracts = [load_contract(name) for name in provider_names()]
    for contract in contracts:
        if clause in contract.clauses:
            return contract
    known = {name for contract in contracts for name in contract.clauses}
    advice = suggestion(clause, known, "See: sendproof clauses")
    raise UsageError(f"explain: expected the id of a clause, got {clause[:80]!r}. {advice}")


def sections(clause: Clause, contract: Contract) -> Iterator[Section]:
    """Yield what is said of a clause, whatever a run found: titles, each with its lines."""
    yield "Claim", [clause.claim]
    yield "Source", [f"{clause.source.document}, {clause.source.section}"]
    yield "How it is decided", [decided(clause, contract)]
    if clause.after:
        yield "Rests on", [f"{name}: {contract.clauses[name].claim}" for name in clause.after]
    if fixture := fixture_for(clause, contract.provider):
        yield "Needs of the profile", [fixture]
    if faults := list(_faults(clause)):
        yield "Faults of the mocks that break it", faults


def _faults(clause: Clause) -> Iterator[str]:
    for provider, faults in FAULTS.items():
        for fault in faults:
            if clause.id in fault.clauses:
                yield f"sendproof mock {provider} --fault {fault.name}: {fault.summary}"


def _in_run(clause: Clause, results: Path) -> Iterator[Section]:
    run = load_run(results)
    record = run.by_id.get(clause.id)
    if record is None:
        raise UsageError(f"{run.file}: expected a record of {clause.id}, got none: it is a run of {run.provider}.")
    yield f"In the run of {run.started:%Y-%m-%d %H:%M} against {run.name}", list(_verdict(record))
    if record["reproduce"]:
        yield _COMMAND, [visible(line, None) for line in record["reproduce"].splitlines()]


def _verdict(record: Mapping[str, Any]) -> Iterator[str]:
    reason = f" ({record['reason']})" if record["reason"] else ""
    yield f"{record['verdict']}{reason}: asked {record['exercised']} times, broken {record['violated']} times"
    for name in ("expected", "observed", "observation"):
        if record.get(name):
            yield f"{name}: {record[name]}"
    if record["evidence"]:
        yield f"exchanges in exchanges.har: {', '.join(record['evidence'])}"
    if record["suspects"]:
        yield f"suspects: {', '.join(record['suspects'])}"
