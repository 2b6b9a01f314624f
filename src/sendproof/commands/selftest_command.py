"""The command `sendproof selftest`."""

from __future__ import annotations

from pathlib import Path

import click

from sendproof import exit_codes
from sendproof.commands.shared import FILE
from sendproof.contract.model import load_contract
from sendproof.reports.terminal import Progress, StreamConsole
from sendproof.runs.kill_matrix_report import print_matrix, write_matrix
from sendproof.runs.options import DEFAULT_MAX_EXAMPLES, DEFAULT_REPORT_DIR, DEFAULT_SEED
from sendproof.runs.selftest import hold_selftest
from sendproof.runs.trial import chosen, subjects


@click.command()
@click.argument("providers", nargs=-1)
@click.option(
    "--sample", type=click.IntRange(min=1), metavar="N", help="Only so many faults and variants, drawn by the seed."
)
@click.option("--only", multiple=True, metavar="NAME", help="Only this fault or variant.")
@click.option("--report-dir", type=FILE, default=DEFAULT_REPORT_DIR, show_default=True)
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True)
@click.option("--max-examples", type=click.IntRange(min=0), default=DEFAULT_MAX_EXAMPLES, show_default=True)
@click.option("--thorough", is_flag=True, help="Ask a fault on when it is reported as it should be.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes; by default one for each core.")
@click.option("-q", "--quiet", is_flag=True, help="Only the closing line.")
def selftest(
    *,
    providers: tuple[str, ...],
    sample: int | None,
    only: tuple[str, ...],
    report_dir: Path,
    seed: int,
    max_examples: int,
    thorough: bool,
    jobs: int | None,
    quiet: bool,
) -> int:
    """Prove that the gate can fail: every fault and permitted variant of the mocks against the suites."""
    given = chosen(subjects(providers), only=only, sample=sample, seed=seed)
    console = StreamConsole(highlight=False)
    with Progress(console, quiet=quiet) as progress:
        matrix = hold_selftest(
            given,
            seed=seed,
            max_examples=max_examples,
            jobs=jobs,
            complete=not only and sample is None,
            thorough=thorough,
            show_progress=progress.update,
        )
    tried: dict[str, None] = dict.fromkeys(item.provider for item in given)
    contracts = {name: load_contract(name) for name in tried}
    folder = report_dir / "selftest"
    write_matrix(matrix, contracts, folder, seed=seed)
    print_matrix(matrix, console, folder, quiet=quiet)
    return exit_codes.OK if matrix.holds else exit_codes.FAILED
