"""Folders: the data that ships with sendproof, and the user's own for what outlives a run.

Shipped are contracts and suites. The user's own hold cached cases, and the ledger of what was spent.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent.parent


def schemas_dir() -> Path:
    """Return the folder of contracts: inside the package, or beside it in a checkout."""
    return _shipped("schemas")


def suites_dir() -> Path:
    """Return the folder of suites: inside the package, or beside it in a checkout."""
    return _shipped("suites")


def _shipped(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _CHECKOUT / name


_NAME = "sendproof"


def cache_folder() -> Path:
    """Return the folder for what can be made again, which is there and can be written."""
    return _writable(platformdirs.user_cache_path, "cache")


def state_folder() -> Path:
    """Return the folder for what must not be lost between two runs, which is there and can be written."""
    return _writable(platformdirs.user_state_path, "state")


def _writable(find: Callable[..., Path], purpose: str) -> Path:
    """Return the user's folder, or one in the temporary folder where there is none: no home, or a read-only one."""
    # Without a home and a name (the arbitrary uid of a container) it raises, or leaves the home as `~`.
    with suppress(RuntimeError, KeyError):
        own = find(_NAME, appauthor=False)
        if own.is_absolute() and _made(own):
            return own
    other = Path(tempfile.gettempdir()) / f"{_NAME}-{_user()}" / purpose
    # In a temporary folder others can write, too: what is there must be this user's own.
    if _made(other.parent, mode=0o700) and _is_own(other.parent) and _made(other):
        return other
    return Path(tempfile.mkdtemp(prefix=f"{_NAME}-{purpose}-"))


def _made(folder: Path, mode: int = 0o777) -> bool:
    with suppress(OSError):
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        # Not os.access: it knows nothing of read-only mounts seen through a container, nor of full disks.
        with tempfile.TemporaryFile(dir=folder):
            return True
    return False


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"


def _is_own(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
