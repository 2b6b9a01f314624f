"""What an error means for the exit code of a run, and how it is told."""

from __future__ import annotations

import sqlite3

import pytest

from sendproof import exit_codes
from sendproof.errors import ContractError, MachineError, TargetError, UsageError, exit_code_of, line_of


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("a.toml: expected x, got y. Do z."), 4, "a.toml: expected x, got y. Do z."),
        (ContractError("c"), 4, "c"),
        (TargetError("t"), 11, "t"),
        (MachineError("m"), 11, "m"),
        (KeyboardInterrupt(), 2, "interrupted"),
        (OSError(28, "No space left on device", "r/a"), 11, "r/a: No space left on device."),
        (BrokenPipeError(32, "Broken pipe"), 11, "standard output: what is printed here is read no more."),
        (MemoryError(), 11, "this machine has no memory left."),
        (sqlite3.OperationalError("database is locked"), 11, "the ledger: database is locked."),
        (TypeError("two\nlines"), 3, "internal error: TypeError: two lines. Run it again with --debug"),
        (RecursionError(), 3, "internal error: RecursionError. Run it again"),
        (SystemExit(1), 3, "internal error: SystemExit: 1."),
        (AssertionError(), 3, "internal error: AssertionError."),
    ],
    ids=lambda item: type(item).__name__ if isinstance(item, BaseException) else None,
)
def test_error_has_a_code_and_one_line(error: BaseException, code: int, line: str) -> None:
    assert exit_code_of(error) == code
    assert line_of(error).startswith(line)
    assert "\n" not in line_of(error)
    assert exit_code_of(error) not in (exit_codes.OK, exit_codes.FAILED)
