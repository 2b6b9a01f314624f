"""The gate: one pytest session for each target, results on the terminal, one exit code."""

from __future__ import annotations

import dataclasses
import os
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from rich.console import Console

from sendproof import exit_codes
from sendproof.contract.model import load_contract, load_provider, provider_names
from sendproof.errors import UsageError
from sendproof.mock.accounts import PROVIDERS
from sendproof.reporting.annotations import annotate, commands_off
from sendproof.reporting.forecast import print_in_short
from sendproof.reporting.record import Run
from sendproof.reporting.terminal import print_run
from sendproof.resources import suites_dir
from sendproof.running.options import Options
from sendproof.running.place import read_target
from sendproof.running.planning import forecast
from sendproof.running.waivers import read_waivers
from sendproof.target.address import is_loopback_url
from sendproof.target.reading import exposure

_QUIET = ("-q", "-q", "--no-header", "--no-summary", "--tb=no", "-rN", "--disable-warnings")


def run_targets(
    common: Options, providers: Sequence[str], targets: Sequence[Path], pytest_arguments: Sequence[str]
) -> int:
    """Run the suites against each target and return the exit code of all."""
    chosen = [_agreed(options) for options in _chosen(common, providers, targets)]
    codes: list[int] = []
    for options in chosen:
        codes.append(_run_one(options, pytest_arguments))
        if codes[-1] == exit_codes.INTERRUPTED:
            break
    return exit_codes.first_of(codes)


def _agreed(options: Options) -> Options:
    """Tell what a run of a live target will do, and ask before it sends to another machine."""
    if options.target is None:
        return options
    local = is_loopback_url(read_target(options.target).base_url)
    asks = not (local or options.confirmed)
    if asks and not sys.stdin.isatty():
        raise UsageError(
            f"{options.target}: expected --yes where nobody can be asked, got none. "
            f"Read `sendproof plan --target {options.target}` first."
        )
    if asks or not options.quiet:
        print_in_short(forecast(options), Console(highlight=False))
    if asks:
        click.confirm("Send this?", abort=True)
    return dataclasses.replace(options, confirmed=True)


def _chosen(common: Options, providers: Sequence[str], targets: Sequence[Path]) -> list[Options]:
    """Return the options of each target, after everything that can be checked beforehand is."""
    read_waivers(common.waivers, datetime.now(UTC).date())
    if not targets:
        return [dataclasses.replace(common, provider=name) for name in _mocked(common, providers)]
    profiles = {path: read_target(path) for path in targets}
    for warning in filter(None, (exposure(path, profile) for path, profile in profiles.items())):
        click.echo(f"sendproof: warning: {warning}", err=True)
    if len({path.stem for path in profiles}) < len(targets):
        raise UsageError(
            "run: expected --target files of different names, got the same twice. Rename one: reports are named so."
        )
    wrong = [str(path) for path, profile in profiles.items() if providers and profile.provider not in providers]
    if wrong:
        raise UsageError(
            f"{wrong[0]}: expected provider {' or '.join(providers)}. Leave the provider out of the command."
        )
    return [dataclasses.replace(common, target=path) for path in profiles]


def _mocked(common: Options, providers: Sequence[str]) -> list[str]:
    """Return the providers whose mocks are to be judged: the named, or all that have the clauses."""
    for name in providers:
        load_provider(name)
        if name not in PROVIDERS:
            raise UsageError(f"run: {name} has no embedded mock. Give a --target profile.")
    known = {name: load_contract(name).clauses for name in providers or provider_names() if name in PROVIDERS}
    for clause in common.clauses:
        if not any(clause in clauses for clauses in known.values()):
            raise UsageError(
                f"--clause: expected a clause of {' or '.join(known)}, got {clause!r}. See: sendproof clauses"
            )
    chosen: list[str] = [
        name for name, clauses in known.items() if providers or not common.clauses or set(common.clauses) & set(clauses)
    ]
    for name in chosen:
        for clause in common.clauses:
            if clause not in load_contract(name).clauses:
                raise UsageError(f"--clause: {clause!r} is no clause of {name}. Name the provider that has it.")
    return chosen


class _Witness:
    """Takes the run out of a pytest session."""

    run: Run | None = None
    reports: Path | None = None

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Remember the run when the session ends."""
        session = config.pluginmanager.get_plugin("sendproof-session")
        self.run = getattr(session, "run", None)
        self.reports = getattr(session, "reports", None)


def _run_one(options: Options, pytest_arguments: Sequence[str]) -> int:
    witness = _Witness()
    with commands_off(os.environ, click.echo, secrets.token_hex(16)):
        code = int(pytest.main(_arguments(options, pytest_arguments), plugins=[witness]))
        if witness.run is None:
            return code
        provider = load_provider(witness.run.provider)
        if not options.quiet:
            click.echo(f"report: {witness.reports}/report.html")
        print_run(witness.run, Console(highlight=False), provider, quiet=options.quiet)
    annotate(witness.run, provider, os.environ, click.echo)
    return code


def _arguments(options: Options, pytest_arguments: Sequence[str]) -> list[str]:
    suites = suites_dir()
    flags = {
        "--sendproof-embedded": True,
        "--sendproof-strict": options.strict,
        "--require-complete": options.require_complete,
        "--yes": options.confirmed,
    }
    values = {
        "--provider": options.provider,
        "--target": options.target,
        "--report-dir": options.report_dir,
        "--seed": options.seed,
        "--max-examples": options.max_examples,
        "--waivers": options.waivers,
        "--effort": options.effort,
        "--ledger": options.ledger,
    }
    several = [("--concern", name) for name in options.concerns] + [("--clause", name) for name in options.clauses]
    pairs = [(name, value) for name, value in values.items() if value is not None] + several
    own = [str(suites), "-c", str(suites / "pytest.ini"), "-p", "sendproof.plugin"]
    own += [part for name, value in pairs for part in (name, str(value))] + [name for name, on in flags.items() if on]
    return [*own, *(() if pytest_arguments else _QUIET), *pytest_arguments]
