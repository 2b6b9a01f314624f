"""What commands share: the type of a path, and what the command line says beside a command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

FILE = click.Path(path_type=Path)
DEBUG = "--debug"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the command line says beside a command and its options."""

    pytest_arguments: Sequence[str]
    debug: bool
