"""What is used of libraries that they do not promise to keep: in one module each, bounded, and still as it was."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis.openapi
from hypothesis.internal.conjecture import providers
from packaging.requirements import Requirement
from pytest_html.report_data import ReportData
from pytest_html.selfcontained_report import SelfContainedReport
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

import sendproof

PACKAGE = Path(sendproof.__file__).parent
PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
REQUIREMENTS = {item.name: item for item in map(Requirement, PYPROJECT["project"]["dependencies"])}
# How a private interface is named in our own code, by the library that has it.
PRIVATE = {
    "hypothesis": re.compile(r"hypothesis\.internal"),
    "pytest": re.compile(r"\b_pytest\b|capturemanager|\b_tw\b"),
    "pytest-html": re.compile(r"pytest_html\.(?:report_data|selfcontained_report|basereport|report)\b"),
    "schemathesis": re.compile(r"\biter_coverage_cases\b|schemathesis\.specs"),
    "uvicorn": re.compile(r"uvicorn\.(?:protocols|server|main|loops)\b"),
}


def _code(file: Path) -> str:
    """Return the code of a module without comments and docstrings."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return ast.unparse(tree)


CODE = {file.relative_to(PACKAGE).as_posix(): _code(file) for file in sorted(PACKAGE.rglob("*.py"))}


@pytest.mark.parametrize("library", PRIVATE)
def test_private_interface_is_used_in_one_module_and_bounded(library: str) -> None:
    assert len([name for name, code in CODE.items() if PRIVATE[library].search(code)]) == 1
    assert [part.operator for part in REQUIREMENTS[library].specifier if part.operator == "<"]


def test_no_private_name_of_another_object_is_used() -> None:
    """Ruff's SLF001 holds it; here, that no `noqa` takes it back."""
    assert [name for name in CODE if "SLF001" in (PACKAGE / name).read_text("utf-8")] == []


def _parameters(of: Any) -> Iterator[str]:
    return iter(inspect.signature(of).parameters)


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (providers.HypothesisProvider._maybe_draw_constant, "self choice_type constraints p"),
        (providers.with_register_backend, "name provider_cls"),
        (ReportData.__init__, "self config"),
        (SelfContainedReport.__init__, "self report_path config report_data template css"),
        (SelfContainedReport.pytest_sessionfinish, "self session"),
        (SelfContainedReport.pytest_terminal_summary, "self terminalreporter"),
        (H11Protocol.__init__, "self config server_state app_state _loop"),
        (H11Protocol.data_received, "self data"),
        (H11Protocol.shutdown, "self"),
    ],
    ids=lambda value: value.__qualname__ if callable(value) else "",
)
def test_private_function_is_as_it_was(function: Any, parameters: str) -> None:
    assert list(_parameters(function)) == parameters.split()


def test_hypothesis_draws_constants_in_the_method_that_is_replaced() -> None:
    assert "_maybe_draw_constant(" in inspect.getsource(providers.HypothesisProvider.draw_integer)
    assert "hypothesis" in providers.AVAILABLE_PROVIDERS


def test_server_state_of_uvicorn_has_what_is_used() -> None:
    assert {"connections", "tasks", "default_headers"} <= set(vars(ServerState()))


def test_protocol_of_uvicorn_has_a_scope_when_the_head_was_received() -> None:
    assert "self.scope = {" in inspect.getsource(H11Protocol.handle_events)


def test_data_of_pytest_html_has_what_the_page_shows() -> None:
    assert isinstance(inspect.getattr_static(ReportData, "data"), property)


def test_pytest_can_show_what_is_printed_while_an_item_runs(pytestconfig: pytest.Config) -> None:
    manager = pytestconfig.pluginmanager.get_plugin("capturemanager")
    assert manager is not None
    assert list(_parameters(manager.global_and_fixture_disabled)) == []


def test_schemathesis_makes_coverage_cases_as_it_did() -> None:
    schema = schemathesis.openapi.from_dict({"openapi": "3.0.2", "info": {"title": "", "version": ""}, "paths": {}})
    given = list(_parameters(schema.iter_coverage_cases))
    assert given[:3] == ["operation", "generation_modes", "generation_config"]
