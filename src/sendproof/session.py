"""One pytest session against one target: items by clause, one conversation, reports at the end."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from sendproof import exit_codes
from sendproof.contract.clause import CONCERNS
from sendproof.contract.model import Contract, load_contract
from sendproof.errors import UsageError
from sendproof.reporting import html, terminal
from sendproof.reporting.annotations import annotate, commands_off
from sendproof.reporting.page import Page
from sendproof.reporting.record import Run
from sendproof.reporting.results import exit_code, unwaived_failures
from sendproof.reporting.write import write_reports
from sendproof.running.asking import Asking, asking_of
from sendproof.running.evidence import Gathered, gather, read, was_asked
from sendproof.running.judged import judge_run
from sendproof.running.options import Options
from sendproof.running.place import read_target
from sendproof.running.waivers import read_waivers
from sendproof.suite import EXTRAS
from sendproof.target.address import is_loopback_url

NAME = "sendproof-session"
ITEM = "test_clause"
_CODES = (exit_codes.INTERRUPTED, exit_codes.INTERNAL, exit_codes.USAGE, exit_codes.NOTHING_COLLECTED)


class Session:
    """The plugin of one session."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config, self.options = config, options
        self.run: Run | None = None
        try:
            provider, self.name = self._target()
            self.contract = load_contract(provider)
            self._check_selection()
            read_waivers(self.options.waivers, datetime.now(UTC).date())
        except UsageError as error:
            raise pytest.UsageError(str(error)) from error
        self._worker = hasattr(config, "workerinput")
        self._own = config.option.sendproof_shared is None and not self._worker
        self.folder = self._shared_folder()
        self._set_report_paths()

    def _target(self) -> tuple[str, str]:
        if self.options.provider and self.options.target:
            raise UsageError("--provider and --target: expected one of them, got both. Leave one out.")
        if self.options.target is None:
            assert self.options.provider is not None, "a session starts with one of the two"
            return self.options.provider, self.options.provider
        profile = read_target(self.options.target)
        if not (self.options.confirmed or self.config.option.collectonly or is_loopback_url(profile.base_url)):
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
        if self._worker or self.config.option.collectonly:
            return
        option = self.config.option
        if not getattr(option, "xmlpath", None):
            option.xmlpath = str(self.reports / "junit.xml")

    def pages(self) -> Iterator[Page]:
        """Yield the page of the run, which becomes a plugin of its own. pytest-html's own stays what it is."""
        if not (self._worker or self.config.option.collectonly) and hasattr(self.config.option, "htmlpath"):
            yield Page(self.reports / "report.html", self.config, lambda: self.run, self.contract)

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
        asking = _asking(self.contract, items)
        with terminal.Progress(_console(self.config), quiet=self.options.quiet or self._worker) as progress:
            return gather(self.options, self.contract, asking, self.folder, progress.update)

    def judged(self, gathered: Gathered, *, interrupted: bool) -> Run:
        """Judge what was gathered, once where nothing has come since."""
        run = self.run
        if run is not None and not interrupted and len(run.exchanges) == len(gathered.exchanges):
            return run
        self.run = self._judge(gathered, interrupted=interrupted)
        return self.run

    def _judge(self, gathered: Gathered, *, interrupted: bool) -> Run:
        return judge_run(self.options, self.contract, gathered, interrupted=interrupted, today=datetime.now(UTC).date())

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
        if not self.config.option.sendproof_embedded or self.config.get_verbosity() > 0:
            return None
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            category = "xfailed" if hasattr(report, "wasxfail") and report.skipped else report.outcome
            return category, "", ""
        return "", "", ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports and set the exit code of the run."""
        if self._worker or self.config.option.collectonly or not was_asked(self.folder):
            self._clean_up()
            return
        interrupted = exitstatus == exit_codes.INTERRUPTED
        self.run = self.judged(read(self.folder), interrupted=interrupted)
        write_reports(self.run, self.contract, self.reports, of_pytest=self._junit_file())
        session.exitstatus = exit_codes.first_of((exit_code(self.run), self._code_of_pytest(int(exitstatus))))
        self._clean_up()

    def _junit_file(self) -> Path | None:
        """Return the file in which pytest has written its own results, None where it wrote none in this session."""
        if not self.config.pluginmanager.hasplugin("junitxml"):
            return None
        return Path(os.path.expandvars(self.config.option.xmlpath)).expanduser()

    def _code_of_pytest(self, exitstatus: int) -> int:
        """Return what pytest's own status adds: a failure that no verdict explains is never green."""
        assert self.run is not None, "a run was judged"
        if exitstatus in _CODES:
            return exitstatus
        explained = unwaived_failures(self.run) or self.run.environment_error or exitstatus == exit_codes.OK
        if explained:
            return exit_codes.OK
        return exit_codes.FAILED if self.run.complete else exit_codes.ENVIRONMENT

    def _clean_up(self) -> None:
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the results, where pytest was called by itself."""
        if self.run is not None and not self.config.option.sendproof_embedded:
            terminalreporter.ensure_newline()
            provider, write = self.contract.provider, terminalreporter.write_line
            write(f"report: {self.reports / 'report.html'}")
            with commands_off(os.environ, write, secrets.token_hex(16)):
                terminal.print_run(self.run, _console(self.config), provider, quiet=self.options.quiet)
            annotate(self.run, provider, os.environ, write)


def _asking(contract: Contract, items: list[pytest.Item]) -> Asking:
    """Return what the suites of the selected items ask."""
    modules = {id(module): module for item in items if isinstance(module := getattr(item, "module", None), ModuleType)}
    chosen = frozenset(item.name for item in items if item.name in contract.clauses)
    everything = frozenset(clause.id for clause in contract.clauses.values() if clause.level != "excluded")
    suites = (module for module in modules.values() if hasattr(module, "CONCERN"))
    return asking_of(suites, selected=None if chosen == everything else chosen)


def _console(config: pytest.Config) -> Console:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # pytest gives its own stream, which capturing leaves alone, in no other way.
    stream = reporter._tw._file if reporter is not None else None  # noqa: SLF001 - see above
    return Console(file=stream, highlight=False)
