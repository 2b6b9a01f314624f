"""The pytest plugin: its options, and the session where a provider or target is named.

pytest loads this module in every project of an environment that has sendproof. So it imports nothing but
pytest and the standard library until it is used, and each option begins with `--sendproof-`.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sendproof.runs.options import Options


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of sendproof."""
    group = parser.getgroup("sendproof", "API conformance")

    def add(name: str, **given: object) -> None:
        # Defaults are those of `options_of`: None stands for what was not given.
        group.addoption(f"--sendproof-{name}", **given)

    add("provider", metavar="NAME", help="run against the embedded mock of this provider")
    add("target", metavar="FILE", type=Path, help="run against the target of this profile")
    add("pack", metavar="DIR", type=Path, action="append", default=[], help="a vendor's pack in a folder of its own")
    add("report-dir", metavar="DIR", type=Path, help="where the folder of reports is written")
    add("seed", metavar="N", type=int, help="of what is generated")
    add("max-examples", metavar="N", type=int, help="how much is generated; by default the effort's")
    add("effort", choices=["quick", "standard", "deep"], help="how much a run may cost")
    add("ledger", metavar="FILE", type=Path, help="share one budget with every run that names this file")
    add("yes", action="store_true", help="send to a target elsewhere unasked")
    add("concern", metavar="NAME", action="append", default=[], help="only clauses of this concern")
    add("clause", metavar="ID", action="append", default=[], help="only this clause")
    add("few", action="store_true", help="ask about each clause by a few cases alone")
    add("case", metavar="ID", action="append", default=[], help="with few: this case, too")
    add("waivers", metavar="FILE", type=Path, help="accepted failures")
    add("strict", action="store_true", help="recommended clauses gate too")
    add("require-complete", action="store_true", help="every required clause must be decided")
    add("debug", action="store_true", help="show an error of sendproof with its traceback")
    add("shared", metavar="DIR", type=Path, help="where workers share their evidence")
    add("embedded", action="store_true", help="the command line shows the results itself")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start a session of sendproof where a provider or a target is named, and only there."""
    if config.option.sendproof_provider is None and config.option.sendproof_target is None:
        return
    # Loading the judge costs a quarter of a second that other pytest runs need not pay.
    module = importlib.import_module("sendproof.runs.session")
    session = module.Session(config, options_from(config))
    config.pluginmanager.register(session, module.NAME)
    config.pluginmanager.register(module.SessionDisplay(config, session), "sendproof-display")
    if session.page is not None:
        config.pluginmanager.register(session.page)
    config.pluginmanager.register(importlib.import_module("sendproof.fixtures"), "sendproof-fixtures")


def options_from(config: pytest.Config) -> Options:
    """Return the options of sendproof in a pytest configuration."""
    given = config.option
    values = {
        "provider": given.sendproof_provider,
        "target": given.sendproof_target,
        "report_dir": given.sendproof_report_dir,
        "seed": given.sendproof_seed,
        "effort": given.sendproof_effort,
        "max_examples": given.sendproof_max_examples,
        "concerns": tuple(given.sendproof_concern),
        "clauses": tuple(given.sendproof_clause),
        "few": given.sendproof_few,
        "cases": tuple(given.sendproof_case),
        "waivers": given.sendproof_waivers,
        "strict": given.sendproof_strict,
        "require_complete": given.sendproof_require_complete,
        "quiet": config.get_verbosity() < 0,
        "ledger": given.sendproof_ledger,
        "confirmed": given.sendproof_yes,
        "debug": given.sendproof_debug,
    }
    options: Options = importlib.import_module("sendproof.runs.options").options_of(
        **{name: value for name, value in values.items() if value is not None}
    )
    return options
