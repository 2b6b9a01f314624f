"""Where the entries of a waivers file stand: tomllib does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<end>\n)|(?P<blank>[ \t\r]+)|[^\s\[\]{}\"'#]+|.",
    re.DOTALL,
)
_KEY = re.compile(r"""["']?([A-Za-z0-9_-]+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLines:
    """The lines of one entry, from 1: its first and last, and that of each key. `text` is its first statement."""

    first: int
    last: int
    text: str
    keys: Mapping[str, int] = field(default_factory=dict)


def places(text: str) -> tuple[EntryLines, ...]:
    """Return where each `[[...]]` of a TOML text stands, which must be valid; comments around them are nobody's."""
    found: list[list[_Statement]] = []
    for statement in _statements(text):
        if statement.text.startswith("[["):
            found.append([statement])
        elif found:
            found[-1].append(statement)
    return tuple(_place(statements) for statements in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    first: int
    last: int
    text: str


def _place(statements: list[_Statement]) -> EntryLines:
    header, *pairs = statements
    keys = {match[1]: item.first for item in pairs if (match := _KEY.match(item.text))}
    return EntryLines(first=header.first, last=statements[-1].last, text=header.text, keys=MappingProxyType(keys))


def _statements(text: str) -> Iterator[_Statement]:
    """Yield the headers and the pairs of a key and a value, which may go over several lines."""
    line, depth, first, last = 1, 0, 0, 0
    begin = end = None
    for token in _TOKEN.finditer(f"{text}\n"):
        kind = token.lastgroup
        if kind == "end" and depth == 0 and begin is not None:
            yield _Statement(first=first, last=last, text=text[begin:end])
            begin = None
        elif kind not in ("end", "blank", "comment"):
            depth += (kind == "open") - (kind == "close")
            if begin is None:
                begin, first = token.start(), line
            end, last = token.end(), line + token.group().count("\n")
        line += token.group().count("\n")
