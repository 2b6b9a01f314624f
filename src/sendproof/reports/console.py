"""The console of rich, as every command prints with it."""

from __future__ import annotations

from rich.console import Console


class StreamConsole(Console):
    """A console that raises what its stream does: rich itself ends the process with 1 where nobody reads."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is handled."""
        raise  # noqa: PLE0704 - rich calls this while it handles one
