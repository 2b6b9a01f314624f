"""What commands share: the type of a path, and what the command line says beside a command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from sendproof.contract.packs import add_pack

FILE = click.Path(path_type=Path)


def _add_packs(context: click.Context, parameter: click.Parameter, folders: tuple[Path, ...]) -> None:
    for folder in folders:
        add_pack(folder)


PACK = click.Option(
    ["--pack"],
    type=FILE,
    multiple=True,
    metavar="DIR",
    is_eager=True,
    expose_value=False,
    callback=_add_packs,
    help="The pack of a vendor that is not shipped.",
)
"""Of every command: it makes packs known before anything else of the command is looked at."""
DEBUG = "--debug"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the command line says beside a command and its options."""

    pytest_arguments: Sequence[str]
    debug: bool
