"""A session of pytest that is the same whatever surrounds it: environment, configuration, installed plugins."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOADED = ("-p", "sendproof.plugin", "-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin", "-p", "xdist.plugin")
"""The plugins of a run. No other is loaded, however many are installed; `-- -p NAME` loads one more."""
_AUTOLOAD_OFF = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"


@contextmanager
def hermetic() -> Iterator[None]:
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
