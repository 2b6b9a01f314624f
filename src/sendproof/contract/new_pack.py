"""Beginning a pack: a skeleton of its files, which can be read as it is."""

from __future__ import annotations

import re
from pathlib import Path

from sendproof.contract.packs import pack_folders
from sendproof.errors import MachineError, UsageError
from sendproof.folders import schemas_dir

_SKELETON = "_skeleton"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
# The name of the skeleton's vendor, and in titles; that of a host is left.
_EXAMPLE = re.compile(r"(?<![./])\bexample\b(?!\.)|(?<=\")example(?=\.)|(?<=/)example(?=/)")


def write_pack(directory: Path, name: str) -> Path:
    """Write the skeleton of a vendor's pack into a new folder `name`, and return it."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"pack new: expected a name of small letters, digits and hyphens, got {name!r}. Choose another."
        )
    if name in pack_folders():
        raise UsageError(f"pack new: expected a name that no pack has, got {name!r}. Choose another.")
    folder = directory / name
    try:
        folder.mkdir(parents=True)
        for file in sorted((schemas_dir() / _SKELETON).iterdir()):
            text = _EXAMPLE.sub(name, file.read_text("utf-8")).replace('"Example"', f'"{name.title()}"')
            (folder / file.name).write_text(text, "utf-8")
    except FileExistsError as error:
        raise UsageError(f"{folder}: expected no such folder, got one. Name another, or --directory.") from error
    except OSError as error:
        raise MachineError(f"{folder}: cannot be written: {error.strerror}.") from error
    return folder
