"""Files that a user named."""

from __future__ import annotations

from pathlib import Path

from sendproof.errors import UsageError


def write_named(output: Path, text: str) -> None:
    """Write a file that the user named, with the folders it needs; UsageError where that cannot be."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, "utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{output}: expected a file that can be written, got {reason!r}. Check the path.") from error
