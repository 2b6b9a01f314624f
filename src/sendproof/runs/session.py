"""One pytest session against one target: an item for each clause, one conversation for all, reports at the end.

`Session` makes and selects the items and holds the run; `SessionDisplay` is what pytest and pytest-html show of it.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO, cast

import pytest
from rich.console import Console

from sendproof import exit_codes
from sendproof.contract.clause import CONCERNS
from sendproof.contract.model import Contract, load_contract
from sendproof.contract.packs import add_pack
from sendproof.errors import SendproofError, UsageError, line_of, suggestion
from sendproof.process import ended_alike, held_back
from sendproof.reports import html, terminal
from sendproof.reports.annotations import annotate, commands_off
from sendproof.reports.html import Page
from sendproof.reports.run_view import Run, exit_code
from sendproof.reports.terminal import StreamConsole
from sendproof.reports.write import prepare_folder
from sendproof.runs.asking import Asking, asking_of, read_target
from sendproof.runs.evidence_on_disk import EvidenceFolder, Gathered, Problem
from sendproof.runs.ongoing_run import OngoingRun
from sendproof.runs.options import Options
from sendproof.runs.suite import EXTRAS
from sendproof.runs.waivers import read_waivers
from sendproof.target.address import is_loopback_url

NAME = "sendproof-session"
STREAM = pytest.StashKey[TextIO]()
"""Where `sendproof run` shows its progress, where pytest's own output is kept."""
ITEM = "test_clause"


class Session:
    """The plugin of one session: it checks what is asked, makes the items, and ends with the reports.

    Of its processes the workers of pytest-xdist only read what one of them gathered. With `--collect-only` pytest
    executes nothing, and so nothing is asked.
    """

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self._config, self.options = config, options
        self.is_worker = hasattr(config, "workerinput")
        self.is_embedded = bool(config.option.sendproof_embedded)
        self._only_looks = bool(config.option.collectonly)
        self._signals = ExitStack()
        self._signals.enter_context(ended_alike())
        try:
            for folder in config.option.sendproof_pack:
                add_pack(folder)
            provider, self.name = _target(options, is_confirmed=options.confirmed or self._only_looks)
            self.contract = load_contract(provider)
            _check_selection(options, self.contract)
            read_waivers(options.waivers, datetime.now(UTC).date())
            reports = options.report_dir / self.name
            if not (self.is_worker or self.is_embedded or self._only_looks):
                prepare_folder(reports)
        except SendproofError as error:
            if error.exit_code == exit_codes.USAGE:
                raise pytest.UsageError(str(error)) from error
            raise pytest.exit.Exception(line_of(error), returncode=error.exit_code) from error
        self._owns_folder = config.option.sendproof_shared is None and not self.is_worker
        self._folder = self._shared_folder()
        self._set_junit_path()
        self.page = self._page()
        self.run = OngoingRun(
            options,
            self.contract,
            EvidenceFolder(self._folder),
            reports,
            is_embedded=self.is_embedded,
            page=self._page_text,
            of_pytest=self._junit_file,
        )

    def _shared_folder(self) -> Path:
        if self.is_worker:
            return Path(self._config.workerinput["sendproof_folder"])  # type: ignore[attr-defined]  # set by xdist
        given: Path | None = self._config.option.sendproof_shared
        return given or Path(tempfile.mkdtemp(prefix="sendproof-"))

    def _set_junit_path(self) -> None:
        option = self._config.option
        if not (self.is_worker or self._only_looks or getattr(option, "xmlpath", None)):
            # What else the session tests is taken from there into our own file.
            option.xmlpath = str(self._folder / "junit.xml")

    def _junit_file(self) -> Path | None:
        """Return the file in which pytest has written its own results, None where it wrote none in this session."""
        path = getattr(self._config.option, "xmlpath", None)
        if path is None or not self._config.pluginmanager.hasplugin("junitxml"):
            return None
        return Path(os.path.expandvars(path)).expanduser()

    def _page(self) -> Page | None:
        """Return the page of the run, which is a plugin of its own. pytest-html's own stays what it is."""
        if self.is_worker or self._only_looks or not hasattr(self._config.option, "htmlpath"):
            return None
        return Page(str(self._folder / "report.html"), self._config)

    def _page_text(self, run: Run) -> str | None:
        return self.page.text(run, self.contract) if self.page is not None else None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Say to a worker where the evidence is shared."""
        node.workerinput["sendproof_folder"] = str(self._folder)

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
        # Where the command line shows the results itself, pytest is quiet, and its stream says who is not.
        quiet = self.is_worker or (self.options.quiet and STREAM not in self._config.stash)
        with _uncaptured(self._config), terminal.Progress(_console(self._config), quiet=quiet) as progress:
            return self.run.gather(asking, progress.update)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports and set the exit code of the run, unless the command line does."""
        if self.is_embedded:
            return
        if not (self.is_worker or self._only_looks) and self.run.has_begun:
            with held_back(second_breaks=True):
                run = self.run.conclude(
                    interrupted=exitstatus == exit_codes.INTERRUPTED,
                    failed=exitstatus == exit_codes.FAILED,
                    problem=problem_of(exitstatus),
                )
            session.exitstatus = exit_code(run)
        if self._owns_folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def pytest_unconfigure(self) -> None:
        """Let the signals be handled as before."""
        self._signals.close()


class SessionDisplay:
    """The plugin that shows a session: the columns of the page, and the results where pytest was called by itself."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self._config, self._session = config, session

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
        report.title = f"sendproof: {self._session.name}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Show no letters where the command line shows the results itself."""
        if not self._session.is_embedded or self._config.get_verbosity() > 0:
            return None
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            category = "xfailed" if hasattr(report, "wasxfail") and report.skipped else report.outcome
            return category, "", ""
        return "", "", ""

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the results, where pytest was called by itself."""
        session = self._session
        if (run := session.run.result) is None or session.is_embedded or session.is_worker:
            return
        terminalreporter.ensure_newline()
        provider, write = session.contract.provider, terminalreporter.write_line
        write(f"report: {session.run.reports / 'report.html'}")
        with commands_off(os.environ, write, secrets.token_hex(16)):
            terminal.print_run(run, _console(self._config), provider, quiet=session.options.quiet)
        annotate(run, provider, os.environ, write)


def _target(options: Options, *, is_confirmed: bool) -> tuple[str, str]:
    """Return the provider and the name of the target that is asked; UsageError where it may not be."""
    if options.provider and options.target:
        raise UsageError("--provider and --target: expected one of them, got both. Leave one out.")
    if options.target is None:
        assert options.provider is not None, "a session starts with one of the two"
        return options.provider, options.provider
    profile = read_target(options.target)
    if not (is_confirmed or is_loopback_url(profile.base_url)):
        raise UsageError(
            f"{options.target}: expected --yes for a target that is not this machine, got none. "
            f"Read `sendproof plan --target {options.target}` first."
        )
    return profile.provider, options.target.stem


def _check_selection(options: Options, contract: Contract) -> None:
    for name in options.concerns:
        if name not in CONCERNS:
            raise UsageError(f"--concern: expected one of {', '.join(CONCERNS)}, got {name!r}. Correct the name.")
    for identity in options.clauses:
        if identity not in contract.clauses:
            raise UsageError(
                f"--clause: expected a clause of {contract.provider.name}, got {identity!r}. "
                + suggestion(identity, contract.clauses, f"See: sendproof clauses {contract.provider.name}")
            )


def problem_of(exitstatus: int) -> Problem | None:
    """Return what an exit code of pytest's means for a run."""
    lines = {
        exit_codes.INTERNAL: "pytest ended with an internal error: what it printed says where",
        exit_codes.USAGE: "pytest did not understand its options",
        exit_codes.NOTHING_COLLECTED: "no item was executed",
    }
    return (int(exitstatus), lines[exitstatus]) if exitstatus in lines else None


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
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    file = None if reporter is None else cast("TextIO", _ReporterStream(reporter))
    return StreamConsole(file=file, highlight=False)


class _ReporterStream(io.TextIOBase):
    """The stream that pytest's terminal reporter writes to, which capturing leaves alone."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute there
        return getattr(sys.__stdout__, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        self._reporter.write(text)
        return len(text)

    def flush(self) -> None:
        self._reporter.flush()

    def isatty(self) -> bool:
        return bool(self._reporter.isatty)
