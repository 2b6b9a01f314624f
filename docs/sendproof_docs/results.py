"""The fields of `results.json`, from the schema that each such file is valid against."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from .markdown import code, table

_HEADING = ("field", "type", "meaning")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a results file."""
    text = files("sendproof.reports").joinpath("results.schema.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def page() -> str:
    """Return the fields of the whole file, then a section for each part that has a name of its own."""
    whole = schema()
    parts = ["## The file\n", table(_HEADING, _rows(whole, ""))]
    for name, part in whole["$defs"].items():
        parts.append(f"(results-{name})=\n## {code(name)}\n")
        parts.append(f"{part['description']}\n" if "description" in part else "")
        parts.append(table(_HEADING, _rows(part, "")))
    return "\n".join(parts)


def fields(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (path, schema) of each field, those within a field after it."""
    for name, child in node.get("properties", {}).items():
        yield f"{path}{name}", child
        yield from fields(child, f"{path}{name}.")


def _rows(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    for name, child in fields(node, path):
        yield code(name), _type(child), child.get("description", "")


def _type(node: Mapping[str, Any]) -> str:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return f"[{name}](#results-{name})"
    if "const" in node:
        return code(json.dumps(node["const"]))
    if "enum" in node:
        return ", ".join(code(json.dumps(value)) for value in node["enum"])
    kinds = node.get("type", "any")
    told = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return f"{told} of {_type(node['items'])}" if "items" in node else told
