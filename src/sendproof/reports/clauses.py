"""The catalogue of clauses, to be read: as a table, as JSON, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sendproof.contract.clause import CONCERNS, Clause
from sendproof.contract.deciding import decided
from sendproof.contract.model import Contract
from sendproof.reports.markdown import code, prose
from sendproof.reports.run_view import fixture_for
from sendproof.reports.text import visible


def to_json(contracts: Iterable[Contract]) -> str:
    """Return the catalogues as one JSON document: an array with one object for each provider."""
    return json.dumps([_catalogue(contract) for contract in contracts], indent=2) + "\n"


def _catalogue(contract: Contract) -> dict[str, Any]:
    return {
        "provider": contract.provider.name,
        "title": contract.provider.title,
        "run_against_vendor": contract.provider.run_against_vendor,
        "contract_sha256": contract.sha256,
        "clauses": [_record(clause, contract) for clause in contract.clauses.values()],
    }


def _record(clause: Clause, contract: Contract) -> dict[str, Any]:
    return {
        "id": clause.id,
        "concern": clause.concern,
        "level": clause.level,
        "concept": clause.concept,
        "claim": clause.claim,
        "decided": decided(clause, contract),
        "source": {"document": clause.source.document, "section": clause.source.section},
        "fixture": fixture_for(clause, contract.provider),
        "reason": clause.reason,
    }


def to_markdown(contracts: Iterable[Contract]) -> str:
    """Return the catalogues in Markdown: a section for each provider, a table for each concern."""
    return "\n".join(line for contract in contracts for line in _section(contract))


def _section(contract: Contract) -> Iterator[str]:
    yield from (f"# {prose(contract.provider.title)}", "")
    if standing := contract.provider.standing:
        yield from (f"{standing[0].upper()}{standing[1:]}.", "")
    for concern in CONCERNS:
        if clauses := _of(contract, concern):
            yield from (f"## {concern}", "", "| clause | level | claim | decided by | source | fixture |")
            yield "| --- | --- | --- | --- | --- | --- |"
            yield from (_row(clause, contract) for clause in clauses)
            yield ""


def _row(clause: Clause, contract: Contract) -> str:
    fixture = fixture_for(clause, contract.provider)
    source = f"{prose(clause.source.document)}, {prose(clause.source.section)}"
    shown = code(fixture) if fixture else ""
    words = f"{prose(clause.claim)} | {prose(decided(clause, contract))}"
    return f"| {code(clause.id)} | {clause.level} | {words} | {source} | {shown} |"


def _of(contract: Contract, concern: str) -> tuple[Clause, ...]:
    return tuple(clause for clause in contract.clauses.values() if clause.concern == concern)


def print_table(contracts: Iterable[Contract], console: Console) -> None:
    """Print one table for each provider."""
    for contract in contracts:
        title = ": ".join(filter(None, (contract.provider.title, contract.provider.standing)))
        table = Table(title=Text(visible(title)), box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("clause", overflow="fold")
        table.add_column("level")
        table.add_column("claim", overflow="fold", ratio=1)
        for clause in contract.clauses.values():
            table.add_row(Text(clause.id), clause.level, Text(visible(clause.claim, 300)))
        console.print(table)
