"""The pytest plugin: its options, and the session where a provider or target is named."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from sendproof.running.options import (
    DEFAULT_EFFORT,
    DEFAULT_REPORT_DIR,
    DEFAULT_SEED,
    EFFORTS,
    Options,
    options_of,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of sendproof."""
    group = parser.getgroup("sendproof", "API conformance")
    group.addoption("--provider", metavar="NAME", help="judge the embedded mock of this provider")
    group.addoption("--target", metavar="FILE", type=Path, help="judge the target of this profile")
    group.addoption("--report-dir", metavar="DIR", type=Path, default=Path(DEFAULT_REPORT_DIR))
    group.addoption("--seed", metavar="N", type=int, default=DEFAULT_SEED, dest="sendproof_seed")
    group.addoption("--max-examples", metavar="N", type=int, help="how much is generated; by default the effort's")
    group.addoption("--effort", choices=list(EFFORTS), default=DEFAULT_EFFORT, help="how much a run may cost")
    group.addoption("--ledger", metavar="FILE", type=Path, help="share one budget with every run that names this file")
    group.addoption("--yes", action="store_true", dest="sendproof_yes", help="send to a target elsewhere unasked")
    group.addoption("--concern", metavar="NAME", action="append", default=[], help="only clauses of this concern")
    group.addoption("--clause", metavar="ID", action="append", default=[], help="only this clause")
    group.addoption("--waivers", metavar="FILE", type=Path)
    group.addoption(
        "--sendproof-strict", action="store_true", dest="sendproof_strict", help="recommended clauses gate too"
    )
    group.addoption("--require-complete", action="store_true", help="every required clause must be decided")
    group.addoption("--sendproof-shared", metavar="DIR", type=Path, help="where workers share their evidence")
    group.addoption("--sendproof-embedded", action="store_true", help="the command line shows the results itself")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start a session of sendproof where a provider or a target is named, and only there."""
    if config.option.provider is None and config.option.target is None:
        return
    # Loading the judge costs a quarter of a second that other pytest runs need not pay.
    module = importlib.import_module("sendproof.session")
    session = module.Session(config, options_from(config))
    config.pluginmanager.register(session, module.NAME)
    for page in session.pages():
        config.pluginmanager.register(page)
    config.pluginmanager.register(importlib.import_module("sendproof.fixtures"), "sendproof-fixtures")


def options_from(config: pytest.Config) -> Options:
    """Return the options of sendproof in a pytest configuration."""
    chosen = config.option
    return options_of(
        provider=chosen.provider,
        target=chosen.target,
        report_dir=chosen.report_dir,
        seed=chosen.sendproof_seed,
        max_examples=chosen.max_examples,
        concerns=tuple(chosen.concern),
        clauses=tuple(chosen.clause),
        waivers=chosen.waivers,
        strict=chosen.sendproof_strict,
        require_complete=chosen.require_complete,
        quiet=config.get_verbosity() < 0,
        effort=chosen.effort,
        ledger=chosen.ledger,
        confirmed=chosen.sendproof_yes,
    )
