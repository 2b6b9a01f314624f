"""The errors of sendproof, split by who must act on them, and what any error means for an exit code."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Iterable

from sendproof import exit_codes


class SendproofError(Exception):
    """Base of every error that sendproof raises on purpose.

    The text is one line: where: expected X, got Y. What to do.
    """

    exit_code = exit_codes.INTERNAL


class UsageError(SendproofError):
    """The user's words are off: an option, a profile, a waiver. Exit 4."""

    exit_code = exit_codes.USAGE


class ContractError(SendproofError):
    """A file of a pack is wrong: facts, clauses, schema. Exit 4."""

    exit_code = exit_codes.USAGE


class TargetError(SendproofError):
    """The target could not be judged: unreachable, wrong key, no API there. Exit 11."""

    exit_code = exit_codes.ENVIRONMENT


class MachineError(SendproofError):
    """A disk, a stream or a folder of this machine keeps a run from its work. Exit 11."""

    exit_code = exit_codes.ENVIRONMENT


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of a run that an error ended; never that of a broken promise.

    Interrupted is 2, what a file, a disk, a stream or the memory refuses is 11, our own mistake is 3.
    """
    if isinstance(error, SendproofError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return exit_codes.INTERRUPTED
    if isinstance(error, OSError | sqlite3.Error | MemoryError):
        return exit_codes.ENVIRONMENT
    return exit_codes.INTERNAL


def line_of(error: BaseException) -> str:
    """Return one line for a person: what happened, and what to do."""
    text = _told(error)
    if isinstance(error, SendproofError):
        return " ".join(str(error).split())
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, MemoryError):
        return "this machine has no memory left. Free some, or lower --max-examples."
    if isinstance(error, BrokenPipeError):
        return "standard output: what is printed here is read no more."
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror or text or type(error).__name__}. Free the disk, or correct the path."
    if isinstance(error, sqlite3.Error):
        return f"the ledger: {text or type(error).__name__}. Name another with --ledger."
    told = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"internal error: {told}. Run it again with --debug to see where, and report it."


def _told(error: BaseException) -> str:
    """Return what an error says, on one line: of the traceback of another process its last line."""
    lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if len(lines) > _MOST_LINES else " ".join(lines))[:300]


_MOST_LINES = 3


def suggestion(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return the question after the known name that one is nearest to, or other advice where none is near."""
    near = difflib.get_close_matches(name, tuple(known), n=1)
    return f"Did you mean {near[0]}?" if near else otherwise
