"""Contract testing and API conformance for APIs that send SMS.

What a user's own tests may import is in `__all__`; all else may change with any version. A suite of your own:

    from sendproof import ClauseVerdict

    CONCERN = "auth"
    FAMILIES = ("credentials", "near_misses")

    def test_clause(verdict: ClauseVerdict) -> None:
        verdict.must_hold()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sendproof.mock.server import MockServer
    from sendproof.reports.run_view import Run
    from sendproof.runs.suite import ClauseVerdict

__all__ = ["ClauseVerdict", "MockServer", "Run", "__version__"]

__version__ = "0.1.0"

# Imported when they are first used: `sendproof --version` needs none of them, and they take a second.
_PLACES = {
    "ClauseVerdict": "sendproof.runs.suite",
    "MockServer": "sendproof.mock.server",
    "Run": "sendproof.reports.run_view",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'sendproof' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
