"""The commands `sendproof run` and `sendproof plan`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sendproof.commands.shared import DEBUG, FILE, Invocation
from sendproof.contract.clause import CONCERNS
from sendproof.process import ended_alike
from sendproof.reports.forecast import print_forecast, to_json
from sendproof.reports.terminal import StreamConsole
from sendproof.runs.asking import read_target
from sendproof.runs.options import (
    DEFAULT_EFFORT,
    DEFAULT_REPORT_DIR,
    DEFAULT_SEED,
    EFFORTS,
    options_of,
)
from sendproof.runs.planning import forecast
from sendproof.runs.run_command import run_again, run_targets
from sendproof.target.profile_loader import exposure

_MORE_HELP = "What follows -- goes to pytest."

# What both a run and its plan may be told.
_ASKED = (
    click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True),
    click.option("--max-examples", type=click.IntRange(min=0), help="How much is generated; by default the effort's."),
    click.option("--effort", type=click.Choice(list(EFFORTS)), default=DEFAULT_EFFORT, show_default=True),
    click.option("--ledger", type=FILE, help="Share one budget with every run that names this file."),
    click.option(
        "--concern", "concerns", multiple=True, type=click.Choice(CONCERNS), metavar="NAME", help="Only this concern."
    ),
    click.option("--clause", "clauses", multiple=True, metavar="ID", help="Only this clause."),
)


def _asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of what is asked."""
    return functools.reduce(lambda made, option: option(made), reversed(_ASKED), command)


@click.command(epilog=_MORE_HELP)
@click.argument("providers", nargs=-1)
@click.option(
    "--target", "targets", type=FILE, multiple=True, help="Profile of a target; without one, the embedded mocks."
)
@click.option("--report-dir", type=FILE, default=DEFAULT_REPORT_DIR, show_default=True)
@_asking
@click.option(
    "--only-failed", type=FILE, metavar="RESULTS", help="Only what failed or was left open in these results, again."
)
@click.option("--yes", "confirmed", is_flag=True, help="Send to another machine without asking.")
@click.option("--waivers", type=FILE, help="Accepted failures.")
@click.option("--strict", is_flag=True, help="Recommended clauses gate too.")
@click.option("--require-complete", is_flag=True, help="Every required clause must be decided.")
@click.option("-q", "--quiet", is_flag=True)
@click.option(DEBUG, "debug", is_flag=True, help="Show the traceback of an error of sendproof.")
@click.pass_obj
def run(
    invocation: Invocation,
    /,
    *,
    providers: tuple[str, ...],
    targets: tuple[Path, ...],
    only_failed: Path | None,
    **given: Any,
) -> int:
    """Run the suites against targets, or against the embedded mock of each provider."""
    options = options_of(**{**given, "debug": invocation.debug})
    arguments = tuple(invocation.pytest_arguments)
    with ended_alike():
        if only_failed is not None:
            return run_again(options, only_failed, providers, targets, arguments)
        return run_targets(options, providers, targets, arguments)


@click.command()
@click.option("--target", type=FILE, required=True, help="Profile of the target.")
@_asking
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def plan(*, target: Path, form: str, **given: Any) -> None:
    """Tell what a run against a target would do. Nothing is sent."""
    made = forecast(options_of(target=target, **given))
    if warning := exposure(target, read_target(target, with_secrets=False)):
        click.echo(f"sendproof: warning: {warning}", err=True)
    if form == "json":
        click.echo(to_json(made), nl=False)
    else:
        print_forecast(made, StreamConsole(highlight=False))
