"""The command line."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import sendproof
from sendproof import exit_codes
from sendproof.contract.clause import CONCERNS
from sendproof.contract.model import load_contract, load_provider, provider_names
from sendproof.errors import UsageError, exit_code_of, line_of
from sendproof.mock import accounts
from sendproof.mock.faults import FAULTS
from sendproof.mock.profiles import profile_toml
from sendproof.mock.server import serve
from sendproof.mock.variants import VARIANTS
from sendproof.reports import clauses as catalogue
from sendproof.reports.comparison.comparison_reports import compare
from sendproof.reports.console import StreamConsole
from sendproof.reports.forecast import print_forecast, to_json
from sendproof.reports.matrix.matrix_reports import matrix
from sendproof.reports.terminal import Progress
from sendproof.reports.text import visible
from sendproof.runs.gate import run_again, run_targets
from sendproof.runs.kill_matrix_report import print_matrix, write_matrix
from sendproof.runs.options import (
    DEFAULT_EFFORT,
    DEFAULT_MAX_EXAMPLES,
    DEFAULT_REPORT_DIR,
    DEFAULT_SEED,
    EFFORTS,
    options_of,
)
from sendproof.runs.planning import forecast
from sendproof.runs.run_target import read_target
from sendproof.runs.selftest import hold_selftest
from sendproof.runs.subject import chosen, subjects
from sendproof.runs.waive import waive
from sendproof.target.init import init_text
from sendproof.target.interrupts import ended_alike
from sendproof.target.profile_loader import exposure

_FILE = click.Path(path_type=Path)
_DEBUG = "--debug"
_MORE_HELP = "What follows -- goes to pytest."


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the command line says beside a command and its options."""

    pytest_arguments: Sequence[str]
    debug: bool


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(sendproof.__version__, prog_name="sendproof")
def cli() -> None:
    """Prove, clause by clause, whether an SMS API does what its documentation promises."""


# What both a run and its plan may be told.
_ASKED = (
    click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True),
    click.option("--max-examples", type=click.IntRange(min=0), help="How much is generated; by default the effort's."),
    click.option("--effort", type=click.Choice(list(EFFORTS)), default=DEFAULT_EFFORT, show_default=True),
    click.option("--ledger", type=_FILE, help="Share one budget with every run that names this file."),
    click.option(
        "--concern", "concerns", multiple=True, type=click.Choice(CONCERNS), metavar="NAME", help="Only this concern."
    ),
    click.option("--clause", "clauses", multiple=True, metavar="ID", help="Only this clause."),
)


def _asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of what is asked."""
    return functools.reduce(lambda made, option: option(made), reversed(_ASKED), command)


@cli.command(epilog=_MORE_HELP)
@click.argument("providers", nargs=-1)
@click.option(
    "--target", "targets", type=_FILE, multiple=True, help="Profile of a target; without one, the embedded mocks."
)
@click.option("--report-dir", type=_FILE, default=DEFAULT_REPORT_DIR, show_default=True)
@_asking
@click.option(
    "--only-failed", type=_FILE, metavar="RESULTS", help="Only what failed or was left open in these results, again."
)
@click.option("--yes", "confirmed", is_flag=True, help="Send to another machine without asking.")
@click.option("--waivers", type=_FILE, help="Accepted failures.")
@click.option("--strict", is_flag=True, help="Recommended clauses gate too.")
@click.option("--require-complete", is_flag=True, help="Every required clause must be decided.")
@click.option("-q", "--quiet", is_flag=True)
@click.option(_DEBUG, "debug", is_flag=True, help="Show the traceback of an error of sendproof.")
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


@cli.command()
@click.option("--target", type=_FILE, required=True, help="Profile of the target.")
@_asking
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def plan(*, target: Path, form: str, **given: Any) -> None:
    """Tell what a run against a target would do. Nothing is sent."""
    made = forecast(options_of(target=target, **given))
    if warning := exposure(target, read_target(target)):
        click.echo(f"sendproof: warning: {warning}", err=True)
    if form == "json":
        click.echo(to_json(made), nl=False)
    else:
        print_forecast(made, StreamConsole(highlight=False))


@cli.command()
@click.argument("provider")
def init(provider: str) -> None:
    """Print a commented target profile."""
    click.echo(init_text(load_provider(provider)), nl=False)


@cli.command()
@click.argument("providers", nargs=-1)
@click.option("--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True)
def clauses(*, providers: tuple[str, ...], form: str) -> None:
    """Show the catalogue of clauses."""
    contracts = [load_contract(name) for name in providers or provider_names()]
    if form == "table":
        catalogue.print_table(contracts, StreamConsole(highlight=False))
    else:
        click.echo(catalogue.to_json(contracts) if form == "json" else catalogue.to_markdown(contracts))


@cli.command()
@click.argument("provider")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, as by default, takes a free one.")
@click.option("--fault", metavar="NAME", help="Break one promise.")
@click.option("--variant", metavar="NAME", help="Use a freedom that the documents leave.")
@click.option(
    "--window-s",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Window of the rate limit.",
)
@click.option("--profile", "shows_profile", is_flag=True, help="Print the target profile of this mock, and end.")
@click.option("--list", "lists", is_flag=True, help="Name the faults and variants, and end.")
def mock(
    *,
    provider: str,
    port: int,
    fault: str | None,
    variant: str | None,
    window_s: float,
    shows_profile: bool,
    lists: bool,
) -> None:
    """Serve the mock of a provider on the loopback interface."""
    known = _mocked(provider)
    settings = accounts.Settings(window_s=window_s)
    if lists:
        _list(known)
    elif shows_profile:
        click.echo(profile_toml(known, f"http://127.0.0.1:{port}", settings), nl=False)
    else:
        _serve(known, port, fault, variant, settings)


@cli.command()
@click.argument("providers", nargs=-1)
@click.option(
    "--sample", type=click.IntRange(min=1), metavar="N", help="Only so many faults and variants, drawn by the seed."
)
@click.option("--only", multiple=True, metavar="NAME", help="Only this fault or variant.")
@click.option("--report-dir", type=_FILE, default=DEFAULT_REPORT_DIR, show_default=True)
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
            tell=progress.update,
        )
    tried: dict[str, None] = dict.fromkeys(item.provider for item in given)
    contracts = {name: load_contract(name) for name in tried}
    folder = report_dir / "selftest"
    write_matrix(matrix, contracts, folder, seed=seed)
    print_matrix(matrix, console, folder, quiet=quiet)
    return exit_codes.OK if matrix.holds else exit_codes.FAILED


cli.add_command(compare)
cli.add_command(matrix)
cli.add_command(waive)


def _mocked(provider: str) -> accounts.Provider:
    for known in accounts.PROVIDERS:
        if known == provider:
            return known
    raise UsageError(
        f"mock: expected one of {', '.join(accounts.PROVIDERS)}, got {provider!r}. Name one that has a mock."
    )


def _list(provider: accounts.Provider) -> None:
    for title, entries in (("faults", FAULTS[provider]), ("variants", VARIANTS[provider])):
        click.echo(f"{title}:")
        for entry in entries:
            click.echo(f"  {entry.name:32} {entry.summary}")


def _serve(
    provider: accounts.Provider, port: int, fault: str | None, variant: str | None, settings: accounts.Settings
) -> None:
    def ready(bound: int) -> None:
        click.echo(f"{provider} mock on http://127.0.0.1:{bound} (end with Ctrl-C)")

    try:
        serve(provider, port, fault=fault, variant=variant, settings=settings, on_ready=ready)
    except LookupError as error:
        raise UsageError(f"mock: {error.args[0]}. See: sendproof mock {provider} --list") from error
    except OSError as error:
        raise UsageError(f"mock: port {port}: {error.strerror}. Choose another --port.") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Nothing is raised, and nothing ends in silence."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    split = given.index("--") if "--" in given else len(given)
    # For every command, and wherever it stands.
    debug = _DEBUG in given[:split]
    words = [word for word in given[:split] if word != _DEBUG]
    try:
        result = cli.main(
            words, prog_name="sendproof", standalone_mode=False, obj=Invocation(given[split + 1 :], debug)
        )
    except click.ClickException as error:
        error.show()
        return exit_codes.USAGE
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        # Ctrl-C at a question, or no for an answer.
        click.echo("sendproof: aborted, nothing was done", err=True)
        return exit_codes.INTERRUPTED
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        if debug:
            traceback.print_exception(error)
        click.echo(f"sendproof: {visible(line_of(error), None)}", err=True)
        return exit_code_of(error)
    return result if isinstance(result, int) else exit_codes.OK
