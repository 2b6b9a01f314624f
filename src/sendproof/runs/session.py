"""One pytest session against one target: items by clause, one conversation, reports at the end."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import traceback
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import pytest
from rich.console import Console

from sendproof import exit_codes
from sendproof.contract.clause import CONCERNS
from sendproof.contract.model import Contract, load_contract
from sendproof.errors import SendproofError, UsageError, exit_code_of, line_of
from sendproof.reports import html, terminal
from sendproof.reports.annotations import annotate, commands_off
from sendproof.reports.html import Page
from sendproof.reports.run_view import Run, exit_code, unwaived_failures
from sendproof.reports.terminal import StreamConsole
from sendproof.reports.write import prepare_folder, write_reports
from sendproof.runs.asking import Asking, asking_of
from sendproof.runs.evidence import BROKEN_OFF, Gathered, gather, nothing_gathered, read, was_asked
from sendproof.runs.judged import judge_run
from sendproof.runs.options import Options
from sendproof.runs.run_target import read_target
from sendproof.runs.suite import EXTRAS
from sendproof.runs.waivers import read_waivers
from sendproof.target.address import is_loopback_url
from sendproof.target.interrupts import ended_alike, held_back

NAME = "sendproof-session"
STREAM = pytest.StashKey[TextIO]()
"""Where `sendproof run` shows its progress, where pytest's own output is kept."""
ITEM = "test_clause"
_PROBLEM = "problem.json"
Problem = tuple[int, str]
"""An exit code and a line: what beside the verdicts has a part in how a session ends."""


class Session:
    """The plugin of one session."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config, self.options = config, options
        self.run: Run | None = None
        self.page: Page | None = None
        self._problem: Problem | None = None
        self._started = datetime.now(UTC)
        self._worker = hasattr(config, "workerinput")
        self._embedded = bool(config.option.sendproof_embedded)
        self._signals = ExitStack()
        self._signals.enter_context(ended_alike())
        try:
            provider, self.name = self._target()
            self.contract = load_contract(provider)
            self._check_selection()
            read_waivers(self.options.waivers, datetime.now(UTC).date())
            if not (self._worker or self._embedded or self._only_looks):
                prepare_folder(self.reports)
        except SendproofError as error:
            if error.exit_code == exit_codes.USAGE:
                raise pytest.UsageError(str(error)) from error
            raise pytest.exit.Exception(line_of(error), returncode=error.exit_code) from error
        self._own = config.option.sendproof_shared is None and not self._worker
        self.folder = self._shared_folder()
        self._set_report_paths()

    @property
    def _only_looks(self) -> bool:
        """Whether pytest executes nothing, and so nothing is asked."""
        return bool(self.config.option.collectonly)

    def _target(self) -> tuple[str, str]:
        if self.options.provider and self.options.target:
            raise UsageError("--provider and --target: expected one of them, got both. Leave one out.")
        if self.options.target is None:
            assert self.options.provider is not None, "a session starts with one of the two"
            return self.options.provider, self.options.provider
        profile = read_target(self.options.target)
        if not (self.options.confirmed or self._only_looks or is_loopback_url(profile.base_url)):
            raise UsageError(
                f"{self.options.target}: expected --yes for a target that is not this machine, got none. "
                f"Read `sendproof plan --target {self.options.target}` first."
            )
        return profile.provider, self.options.target.stem

    def _check_selection(self) -> None:
        for name in self.options.concerns:
            if name not in CONCERNS:
                raise UsageError(f"--concern: expected one of {', '.join(CONCERNS)}, got {name!r}. Correct the name.")
        for identity in self.options.clauses:
            if identity not in self.contract.clauses:
                raise UsageError(
                    f"--clause: expected a clause of {self.contract.provider.name}, got {identity!r}. "
                    f"See: sendproof clauses {self.contract.provider.name}"
                )

    def _shared_folder(self) -> Path:
        if self._worker:
            return Path(self.config.workerinput["sendproof_folder"])  # type: ignore[attr-defined]  # set by xdist
        given: Path | None = self.config.option.sendproof_shared
        return given or Path(tempfile.mkdtemp(prefix="sendproof-"))

    @cached_property
    def reports(self) -> Path:
        """The folder that this run writes its reports to."""
        return self.options.report_dir / self.name

    def _set_report_paths(self) -> None:
        option = self.config.option
        if not (self._worker or self._only_looks or getattr(option, "xmlpath", None)):
            # What else the session tests is taken from there into our own file.
            option.xmlpath = str(self.folder / "junit.xml")

    def pages(self) -> Iterator[Page]:
        """Yield the page of the run, which becomes a plugin of its own. pytest-html's own stays what it is."""
        if not (self._worker or self._only_looks) and hasattr(self.config.option, "htmlpath"):
            self.page = Page(str(self.folder / "report.html"), self.config)
            yield self.page

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where the evidence is shared."""
        node.workerinput["sendproof_folder"] = str(self.folder)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, collector: Any, name: str, obj: object) -> list[pytest.Item] | None:
        """Make one item for each clause of a suite's concern, named by the clause's id."""
        module = getattr(collector, "obj", None)
        if name != ITEM or not isinstance(module, ModuleType) or not hasattr(module, "CONCERN"):
            return None
        clauses = (clause for clause in self.contract.clauses.values() if clause.concern == module.CONCERN)
        return [
            pytest.Function.from_parent(collector, name=clause.id, callobj=obj)
            for clause in clauses
            if clause.level != "excluded"
        ]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what --concern and --clause do not name."""
        chosen = [item for item in items if self._is_chosen(item)]
        if len(chosen) != len(items):
            config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
            items[:] = chosen

    def _is_chosen(self, item: pytest.Item) -> bool:
        clause = self.contract.clauses.get(item.name)
        if clause is None:
            return True
        concerns, clauses = self.options.concerns, self.options.clauses
        return (not concerns or clause.concern in concerns) and (not clauses or clause.id in clauses)

    def gather(self, items: list[pytest.Item]) -> Gathered:
        """Gather the evidence that the suites of these items ask for."""
        asking = _asking(self.contract, items, self.options)
        try:
            # Where the command line shows the results itself, pytest is quiet, and its stream tells who is not.
            quiet = self._worker or (self.options.quiet and STREAM not in self.config.stash)
            with _uncaptured(self.config), terminal.Progress(_console(self.config), quiet=quiet) as progress:
                return gather(self.options, self.contract, asking, self.folder, progress.update)
        except Exception as error:
            self._remember(error)
            raise

    def judged(self, gathered: Gathered) -> Run:
        """Judge what was gathered, once in a process."""
        if self.run is None:
            try:
                self.run = self._judge(gathered, interrupted=False)
            except Exception as error:
                self._remember(error)
                raise
        return self.run

    def _judge(
        self, gathered: Gathered, *, interrupted: bool, problem: Problem | None = None, judges: bool = True
    ) -> Run:
        return judge_run(
            self.options,
            self.contract,
            gathered,
            interrupted=interrupted,
            today=datetime.now(UTC).date(),
            problem=problem,
            judges=judges,
        )

    def _remember(self, error: Exception) -> None:
        """Keep what went wrong where every process of the run finds it."""
        if self._remembered() is None:
            self._problem = (exit_code_of(error), line_of(error))
            with suppress(OSError):
                (self.folder / _PROBLEM).write_text(json.dumps(self._problem), "utf-8")
            if self.options.debug:
                traceback.print_exception(error)

    def _remembered(self) -> Problem | None:
        if self._problem is None:
            with suppress(OSError, ValueError):
                code, line = json.loads((self.folder / _PROBLEM).read_text("utf-8"))
                self._problem = (code, line)
        return self._problem

    def conclude(self, *, interrupted: bool, failed: bool, problem: Problem | None = None) -> Run:
        """Judge what there is, write the reports, and return the run, whose exit code they tell.

        `problem` is what pytest saw go wrong, `failed` tells that an item failed. Never raises for an error
        of the judge or of a disk: that is the problem of the run then.
        """
        asked = was_asked(self.folder)
        gathered = read(self.folder) if asked else nothing_gathered(self.options, self.contract, self._started)
        problem = self._remembered() or problem
        try:
            run = self._judge(gathered, interrupted=interrupted, problem=problem)
            if failed and not _is_explained(run):
                # A test of the user's own is never green for the verdicts; nor does it accuse the vendor.
                code = exit_codes.ENVIRONMENT if self._embedded or not run.complete else exit_codes.FAILED
                run = replace(run, problem=(code, "a test that is no clause failed"))
            return self._written(run)
        except Exception as error:
            if self.options.debug:
                traceback.print_exception(error)
            problem = problem or (exit_code_of(error), line_of(error))
            stopped = replace(gathered.circumstances, stopped=BROKEN_OFF)
            kept = replace(gathered, circumstances=stopped)
            return self._written(self._judge(kept, interrupted=interrupted, problem=problem, judges=False))

    def concluded_with(self, error: OSError) -> Run:
        """Return the run with one more problem, and write its reports again: they tell how the process ends."""
        assert self.run is not None, "a run was concluded"
        return self._written(replace(self.run, problem=self.run.problem or (exit_code_of(error), line_of(error))))

    def _written(self, run: Run) -> Run:
        self.run = run
        problems = self._write(run)
        if problems and run.problem is None:
            # Those that can be written must tell the code that the process ends with.
            self.run = replace(run, problem=(exit_code_of(problems[0]), line_of(problems[0])))
            self._write(self.run)
        return self.run

    def _write(self, run: Run) -> tuple[OSError, ...]:
        page = self.page.text(run, self.contract) if self.page is not None else None
        return write_reports(run, self.contract, self.reports, page=page, of_pytest=self._junit_file())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Give the page the evidence of an item."""
        report = yield
        if report.when == "call" and EXTRAS in item.stash:
            report.extras = item.stash[EXTRAS]  # type: ignore[attr-defined]  # pytest-html looks for it
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Add the columns of a clause to the page."""
        html.table_header(cells)

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Add the values of a clause to its row."""
        html.table_row(report, cells)

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """Name the target in the page's title."""
        report.title = f"sendproof: {self.name}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Show no letters where the command line shows the results itself."""
        if not self._embedded or self.config.get_verbosity() > 0:
            return None
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            category = "xfailed" if hasattr(report, "wasxfail") and report.skipped else report.outcome
            return category, "", ""
        return "", "", ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports and set the exit code of the run, unless the command line does."""
        if self._embedded:
            return
        if not (self._worker or self._only_looks) and (was_asked(self.folder) or self._remembered()):
            with held_back(second_breaks=True):
                run = self.conclude(
                    interrupted=exitstatus == exit_codes.INTERRUPTED,
                    failed=exitstatus == exit_codes.FAILED,
                    problem=problem_of(exitstatus),
                )
            session.exitstatus = exit_code(run)
        self.clean_up()

    def pytest_unconfigure(self) -> None:
        """Let the signals be handled as before."""
        self._signals.close()

    def _junit_file(self) -> Path | None:
        """Return the file in which pytest has written its own results, None where it wrote none in this session."""
        path = getattr(self.config.option, "xmlpath", None)
        if path is None or not self.config.pluginmanager.hasplugin("junitxml"):
            return None
        return Path(os.path.expandvars(path)).expanduser()

    def clean_up(self) -> None:
        """Remove what only this session needs."""
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the results, where pytest was called by itself."""
        if self.run is not None and not (self._embedded or self._worker):
            terminalreporter.ensure_newline()
            provider, write = self.contract.provider, terminalreporter.write_line
            write(f"report: {self.reports / 'report.html'}")
            with commands_off(os.environ, write, secrets.token_hex(16)):
                terminal.print_run(self.run, _console(self.config), provider, quiet=self.options.quiet)
            annotate(self.run, provider, os.environ, write)


def _is_explained(run: Run) -> bool:
    """Whether the verdicts tell why an item failed."""
    return bool(unwaived_failures(run) or run.environment_error or run.problem)


def problem_of(exitstatus: int) -> Problem | None:
    """Return what an exit code of pytest's means for a run."""
    told = {
        exit_codes.INTERNAL: "pytest ended with an internal error: what it printed tells where",
        exit_codes.USAGE: "pytest did not understand its options",
        exit_codes.NOTHING_COLLECTED: "no item was executed",
    }
    return (int(exitstatus), told[exitstatus]) if exitstatus in told else None


def _asking(contract: Contract, items: list[pytest.Item], options: Options) -> Asking:
    """Return what the suites of the selected items ask."""
    modules = {id(module): module for item in items if isinstance(module := getattr(item, "module", None), ModuleType)}
    chosen = frozenset(item.name for item in items if item.name in contract.clauses)
    everything = frozenset(clause.id for clause in contract.clauses.values() if clause.level != "excluded")
    suites = (module for module in modules.values() if hasattr(module, "CONCERN"))
    selected = None if chosen == everything else chosen
    return asking_of(suites, selected=selected, few=options.few, cases=options.cases)


def _uncaptured(config: pytest.Config) -> AbstractContextManager[None]:
    """Let what is shown of the progress through: pytest keeps what is printed while an item runs."""
    manager: Any = config.pluginmanager.get_plugin("capturemanager")
    shown: AbstractContextManager[None] = nullcontext() if manager is None else manager.global_and_fixture_disabled()
    return shown


def _console(config: pytest.Config) -> Console:
    if STREAM in config.stash:
        return StreamConsole(file=config.stash[STREAM], highlight=False)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # pytest gives its own stream, which capturing leaves alone, in no other way.
    stream = reporter._tw._file if reporter is not None else None  # noqa: SLF001 - see above
    return StreamConsole(file=stream, highlight=False)
