"""The command `sendproof run`: one pytest session for each target, results on the terminal, one exit code.

First what is chosen and confirmed, then one session as it is seen from outside, then what `--only-failed` asks again.
"""

from __future__ import annotations

import dataclasses
import io
import os
import secrets
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click
import pytest

from sendproof import exit_codes, process
from sendproof.contract.model import load_contract, load_provider, provider_names
from sendproof.contract.packs import added_packs
from sendproof.errors import UsageError, exit_code_of, line_of, suggestion
from sendproof.folders import suites_dir
from sendproof.judge.verdicts import ERROR, EXCUSED_REASONS, FAIL, INCONCLUSIVE, NEVER_GATE, NOT_EXERCISED, ReasonCode
from sendproof.mock.accounts import PROVIDERS
from sendproof.process import held_back
from sendproof.reports.annotations import annotate, commands_off, is_github
from sendproof.reports.forecast import print_in_short
from sendproof.reports.pages.run import run_page
from sendproof.reports.results import SavedRun, load_run
from sendproof.reports.run_view import Run, exit_code
from sendproof.reports.terminal import StreamConsole, print_run
from sendproof.reports.text import visible
from sendproof.reports.write import check_room, prepare_folder, write_reports
from sendproof.runs.asking import ledger_of, read_target
from sendproof.runs.evidence_on_disk import Problem, nothing_gathered
from sendproof.runs.ongoing_run import judge_run
from sendproof.runs.options import DEFAULT_SEED, Options
from sendproof.runs.planning import forecast
from sendproof.runs.session import NAME, STREAM, Session, problem_of
from sendproof.runs.suite import VERDICT
from sendproof.runs.waivers import read_waivers
from sendproof.target.address import is_loopback_url
from sendproof.target.budget import Ledger
from sendproof.target.init import placeholders
from sendproof.target.profile_loader import exposure

_QUIET = ("-s", "-q", "-q", "--no-header", "--no-summary", "--tb=no", "-rN", "--disable-warnings")


def run_again(
    common: Options, results: Path, providers: Sequence[str], targets: Sequence[Path], pytest_arguments: Sequence[str]
) -> int:
    """Ask again what failed or was left open in an earlier run, and return the exit code."""
    again = again_of(results)
    if common.clauses or len(targets) > 1 or set(providers) - {again.provider}:
        raise UsageError(
            f"--only-failed: expected one target of {again.provider}, whose results {results} holds, and no --clause, "
            "got others. Leave them out."
        )
    for target in targets:
        if (provider := read_target(target).provider) != again.provider:
            raise UsageError(
                f"--only-failed: expected a target of {again.provider}, whose results {results} holds, "
                f"got one of {provider}. Name another profile."
            )
    if again.gone:
        click.echo(f"sendproof: note: no clauses any more, not asked again: {', '.join(again.gone)}", err=True)
    if not again.clauses:
        click.echo(f"sendproof: nothing failed or was left open in {results}. Nothing was asked.")
        return exit_codes.OK
    seed = again.seed if common.seed == DEFAULT_SEED else common.seed
    options = dataclasses.replace(common, clauses=again.clauses, few=True, cases=again.cases, seed=seed)
    return run_targets(options, () if targets else (again.provider,), targets, pytest_arguments)


def run_targets(
    common: Options, providers: Sequence[str], targets: Sequence[Path], pytest_arguments: Sequence[str]
) -> int:
    """Run the suites against each target and return the exit code of all."""
    chosen = _chosen(common, providers, targets)
    for line in _idle_waivers(common, chosen):
        click.echo(f"sendproof: note: {line}", err=True)
    codes: list[int] = []
    try:
        chosen = [_confirmed(options) for options in chosen]
        _prepare(chosen)
        for options in chosen:
            codes.append(_run_one(options, pytest_arguments))
            if codes[-1] == exit_codes.INTERRUPTED:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        with held_back(second_breaks=True):
            for options in chosen[len(codes) :]:
                _report_nothing(options)
        click.echo("sendproof: interrupted", err=True)
        return exit_codes.INTERRUPTED
    return exit_codes.first_of(codes)


def _report_nothing(options: Options) -> None:
    """Write the reports of a run that was interrupted before it asked anything."""
    now = datetime.now(UTC)
    provider = read_target(options.target).provider if options.target is not None else options.provider or ""
    contract = load_contract(provider)
    gathered = nothing_gathered(options, contract, now)
    run = judge_run(options, contract, gathered, interrupted=True, today=now.date())
    write_reports(run, contract, options.report_dir / options.name, page=run_page(run, contract))


def _prepare(chosen: Sequence[Options]) -> None:
    """Try everything that will have to be written, before the first message leaves, and remove old results."""
    process.check_stdout()
    check_room(Path(tempfile.gettempdir()), "TMPDIR names another")
    for options in chosen:
        prepare_folder(options.report_dir / options.name)
        if options.target is not None:
            page = ledger_of(options, read_target(options.target))
            with Ledger(page["ledger"], account=page["account"], kept=page["keeps_ledger"]):
                """It opens and closes as that of the run will."""
    if (summary := os.environ.get("GITHUB_STEP_SUMMARY")) and is_github(os.environ):
        with Path(summary).open("a", encoding="utf-8"):
            """Nothing is written yet."""


def _confirmed(options: Options) -> Options:
    """Show what a run of a live target will do, and ask before it sends to another machine."""
    if options.target is None:
        return options
    local = is_loopback_url(read_target(options.target).base_url)
    asks = not (local or options.confirmed)
    if asks and not process.is_terminal(sys.stdin):
        raise UsageError(
            f"{options.target}: expected --yes where no terminal is there to ask at, got none. "
            f"Read `sendproof plan --target {options.target}` first."
        )
    if asks or not options.quiet:
        print_in_short(forecast(options), StreamConsole(highlight=False))
    if asks:
        click.confirm("Send this?", abort=True)
    return dataclasses.replace(options, confirmed=True)


def _chosen(common: Options, providers: Sequence[str], targets: Sequence[Path]) -> list[Options]:
    """Return the options of each target, after everything that can be checked beforehand is."""
    read_waivers(common.waivers, datetime.now(UTC).date())
    if not targets:
        return [dataclasses.replace(common, provider=name) for name in _mocked(common, providers)]
    profiles = {path: read_target(path) for path in targets}
    for path, profile in profiles.items():
        for name in placeholders(profile, load_provider(profile.provider)):
            raise UsageError(
                f"{path}: {name}: expected numbers of your own, got those of `sendproof init`. Write yours there."
            )
    for warning in filter(None, (exposure(path, profile) for path, profile in profiles.items())):
        click.echo(f"sendproof: warning: {warning}", err=True)
    if len({path.stem for path in profiles}) < len(targets):
        raise UsageError(
            "run: expected --target files of different names, got the same twice. Rename one: reports are named so."
        )
    for path, profile in profiles.items():
        if providers and profile.provider not in providers:
            raise UsageError(
                f"{path}: expected the provider {' or '.join(providers)}, as the command says, got "
                f"{profile.provider!r}. A profile names its provider: leave it out of the command."
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
                f"--clause: expected a clause of {' or '.join(known)}, got {clause!r}. "
                + suggestion(clause, {name for names in known.values() for name in names}, "See: sendproof clauses")
            )
    chosen: list[str] = [
        name for name, clauses in known.items() if providers or not common.clauses or set(common.clauses) & set(clauses)
    ]
    for name in chosen:
        for clause in common.clauses:
            if clause not in load_contract(name).clauses:
                raise UsageError(f"--clause: {clause!r} is no clause of {name}. Name the provider that has it.")
    return chosen


def _idle_waivers(common: Options, chosen: Sequence[Options]) -> Iterator[str]:
    """Yield a line for each waiver that is for none of the chosen targets: a misspelt name waives nothing."""
    named = [
        (read_target(options.target).provider if options.target is not None else options.provider or "", options.name)
        for options in chosen
    ]
    known = {clause for name in {provider for provider, _ in named} for clause in load_contract(name).clauses}
    for waiver in read_waivers(common.waivers, datetime.now(UTC).date()):
        if waiver.clause not in known and any(waiver.concerns(provider, name) for provider, name in named):
            advice = suggestion(waiver.clause, known, "See: sendproof clauses")
            yield f"{waiver.where}: expected a clause, got {visible(waiver.clause, 100)}. {advice}"
        if not any(waiver.concerns(provider, name) for provider, name in named):
            wanted = " and ".join(
                f"{what} {visible(value, 60)}"
                for what, value in (("provider", waiver.provider), ("target", waiver.target))
                if value is not None
            )
            names = ", ".join(f"{name} ({provider})" for provider, name in named)
            yield f"{waiver.where}: the waiver is for {wanted}; this run has {names}. It waives nothing here."


class SessionObserver:
    """A plugin that observes a session of pytest: how it ends, and what failed otherwise than by a verdict.

    `stream` is where progress is shown while pytest's own output is kept; None where it is not. `session` is that
    of sendproof, None where pytest did not get so far.
    `problem` is the first thing that no verdict explains.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.session: Session | None = None
        self.problem: Problem | None = None
        self.interrupted = False
        self.executed = 0
        self._failed = False

    def note(self, code: int, line: str) -> None:
        """Remember what went wrong, the first of all."""
        self.problem = self.problem or (code, line)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Take the session of sendproof, and say where it shows its progress."""
        self.session = config.pluginmanager.get_plugin(NAME)
        if self._stream is not None:
            config.stash[STREAM] = self._stream

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that a session was interrupted, not broken off by pytest itself."""
        self.interrupted = isinstance(excinfo.value, KeyboardInterrupt)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Take what broke pytest, or a hook of ours in it."""
        self.note(exit_code_of(excinfo.value), line_of(excinfo.value))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take what cannot be collected."""
        if report.failed:
            self.note(exit_codes.ENVIRONMENT, f"{report.nodeid} cannot be collected: {_last_line(report)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what was executed, and take what failed otherwise than by its verdict."""
        self.executed += report.when == "call" or (report.when == "setup" and not report.passed)
        if not report.failed or any(name == VERDICT for name, _ in report.user_properties):
            return
        contract = self.session.contract if self.session is not None else None
        if report.when == "call" and contract is not None and report.nodeid.rpartition("::")[2] not in contract.clauses:
            self._failed = True
        else:
            self.note(exit_codes.INTERNAL, f"internal error: {report.nodeid}: {_last_line(report)}")

    def code(self, code: int) -> int:
        """Return the exit code of a session that never came to be: never that of a broken promise."""
        if self.problem is not None:
            click.echo(f"sendproof: {self.problem[1]}", err=True)
            return self.problem[0]
        return exit_codes.NOTHING_COLLECTED if code == exit_codes.OK else code

    def conclude(self, code: int) -> Run:
        """Return the run of the session, whose reports are written; `code` is pytest's."""
        assert self.session is not None, "there was a session"
        problem = self.problem
        if problem is None and not self.interrupted:
            problem = problem_of(exit_codes.NOTHING_COLLECTED if not self.executed else code)
        return self.session.run.conclude(interrupted=self.interrupted, failed=self._failed, problem=problem)


def _last_line(report: pytest.CollectReport | pytest.TestReport) -> str:
    """Return the line of a report that names the error."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    lines = [line.removeprefix("E").strip() for line in text.splitlines() if line.strip()]
    return visible(lines[0] if crash is not None and lines else lines[-1] if lines else "no reason given", 300)


def _run_one(options: Options, pytest_arguments: Sequence[str]) -> int:
    """Hold one session of pytest, write its reports, show its results, and return its exit code."""
    observer = SessionObserver(None if pytest_arguments or options.quiet else sys.stdout)
    with tempfile.TemporaryDirectory(prefix="sendproof-", ignore_cleanup_errors=True) as shared:
        arguments = _arguments(options, Path(shared), pytest_arguments)
        with commands_off(os.environ, click.echo, secrets.token_hex(16)):
            code = _session(arguments, observer, silent=not pytest_arguments, debug=options.debug)
            if observer.session is None:
                if observer.interrupted:
                    raise KeyboardInterrupt
                return observer.code(code)
            with held_back(second_breaks=True):
                run = _shown(observer.session, observer.conclude(code), options)
        annotate(run, load_provider(run.provider), os.environ, click.echo)
        return exit_code(run)


def _session(arguments: list[str], observer: SessionObserver, *, silent: bool, debug: bool) -> int:
    """Run pytest, and return its exit code. What it prints is shown only where pytest's options are given."""
    printed = io.StringIO()
    with _without_surroundings(), redirect_stdout(printed) if silent else nullcontext():
        try:
            code = int(pytest.main(arguments, plugins=[observer]))
        except KeyboardInterrupt:
            observer.interrupted, code = True, exit_codes.INTERRUPTED
        except SystemExit as error:
            observer.note(exit_codes.INTERNAL, f"something ended the run with {error.code!r}")
            code = exit_codes.INTERNAL
        except Exception as error:
            observer.note(exit_code_of(error), line_of(error))
            code = exit_code_of(error)
            printed.write("".join(traceback.format_exception(error)))
    if debug and observer.problem is not None:
        click.echo(printed.getvalue(), err=True)
    return code


def _shown(session: Session, run: Run, options: Options) -> Run:
    """Show the results of a run, and return it: the loss of what shows them is a problem of the run."""
    provider = load_provider(run.provider)
    try:
        if not options.quiet:
            click.echo(f"report: {session.run.reports}/report.html")
        print_run(run, StreamConsole(highlight=False), provider, quiet=options.quiet)
        sys.stdout.flush()
    except OSError as error:
        process.give_up_stdout()
        run = session.run.conclude_with(error)
        click.echo(f"sendproof: standard output: {line_of(error)}", err=True)
    return run


def _arguments(options: Options, shared: Path, pytest_arguments: Sequence[str]) -> list[str]:
    suites = suites_dir()
    flags = {"embedded": True, "strict": options.strict, "yes": options.confirmed, "debug": options.debug}
    flags |= {"require-complete": options.require_complete, "few": options.few}
    values = {
        "provider": options.provider,
        "target": options.target,
        "report-dir": options.report_dir,
        "seed": options.seed,
        "max-examples": options.max_examples,
        "waivers": options.waivers,
        "effort": options.effort,
        "ledger": options.ledger,
        "shared": shared,
    }
    several = [("concern", name) for name in options.concerns] + [("clause", name) for name in options.clauses]
    several += [("case", name) for name in options.cases]
    several += [("pack", str(folder)) for folder in added_packs()]
    pairs = [(name, value) for name, value in values.items() if value is not None] + several
    # One word each: a value that begins with a dash stays a value.
    own = [f"--sendproof-{name}={value}" for name, value in pairs]
    own += [f"--sendproof-{name}" for name, on in flags.items() if on]
    quiet = () if pytest_arguments else _QUIET
    return [str(suites), *_LOADED, "-c", str(suites / "pytest.ini"), *own, *quiet, *pytest_arguments]


_LEVELS = ("required", "recommended")
# Asked once more, these would be left open once more.
_STAY_OPEN = frozenset(reason.value for reason in NEVER_GATE | EXCUSED_REASONS | {ReasonCode.NO_TEST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Which clauses of a provider are asked again, and the cases that showed what was wrong.

    `gone` are clauses that the catalogue does not have any more, `seed` is the one that the cases were made by.
    """

    provider: str
    clauses: tuple[str, ...]
    cases: tuple[str, ...]
    gone: tuple[str, ...]
    seed: int


def again_of(path: Path) -> Again:
    """Return what is to be asked again of the run whose `results.json`, or folder, this is; UsageError for none."""
    run = load_run(path)
    known = load_contract(run.provider).clauses
    open_ = [record for record in run.clauses if _is_open(record)]
    return Again(
        provider=run.provider,
        clauses=tuple(record["id"] for record in open_ if record["id"] in known),
        cases=tuple(dict.fromkeys(_cases(run, open_))),
        gone=tuple(record["id"] for record in open_ if record["id"] not in known),
        seed=run.seed,
    )


def _is_open(record: Mapping[str, Any]) -> bool:
    if record["level"] not in _LEVELS:
        return False
    if record["verdict"] in (FAIL, ERROR):
        return True
    return record["verdict"] in (INCONCLUSIVE, NOT_EXERCISED) and record["reason"] not in _STAY_OPEN


def _cases(run: SavedRun, records: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the cases of the exchanges that the verdicts rest on."""
    case_of = {exchange.id: exchange.case for exchange in run.exchanges or ()}
    for record in records:
        yield from filter(None, (case_of.get(identity) for identity in record["evidence"]))


_LOADED = ("-p", "sendproof.plugin", "-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin", "-p", "xdist.plugin")
"""The plugins of a run. No other is loaded, however many are installed; `-- -p NAME` loads one more."""
_AUTOLOAD_OFF = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"


@contextmanager
def _without_surroundings() -> Iterator[None]:
    """Take what is meant for other sessions of pytest out of this process, and put it back.

    Variables of pytest and its plugins (PYTEST_ADDOPTS, PYTEST_PLUGINS, PYTEST_TIMEOUT, ...) and filters of
    warnings: an error for whoever tests a library, and a crash for whoever only uses it. Processes that are
    started inside inherit the same.
    """
    taken = {name: os.environ.pop(name) for name in list(os.environ) if _is_of_others(name)}
    options = list(sys.warnoptions)
    sys.warnoptions.clear()
    os.environ[_AUTOLOAD_OFF] = "1"
    try:
        with warnings.catch_warnings():
            warnings.resetwarnings()
            warnings.simplefilter("ignore")
            yield
    finally:
        os.environ.pop(_AUTOLOAD_OFF, None)
        os.environ.update(taken)
        sys.warnoptions[:] = options


def _is_of_others(name: str) -> bool:
    return name.startswith("PYTEST_") or name in ("PYTHONWARNINGS", "PY_IGNORE_IMPORTMISMATCH")
