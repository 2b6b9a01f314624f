"""What every test of this checkout shares."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

_MEMORY = "/dev/shm"  # noqa: S108 - a folder of our own is made in it
_STATE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the ledger of these runs in memory, where the system has such a place, and the user's own out of it.

    A ledger is synchronized with its disk some times for each request: a third of the time of a whole run, on
    a disk that takes three milliseconds.
    """
    if not hasattr(config, "workerinput"):
        given = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        config.stash[_STATE] = os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="sendproof-state-", dir=given)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the ledger away."""
    if _STATE in config.stash:
        shutil.rmtree(config.stash[_STATE], ignore_errors=True)
