"""Hostile text inside Markdown: as prose, as a code span, as a fenced block."""

from __future__ import annotations

import html
import re

from sendproof.reports.text import visible

_SPECIAL = re.compile(r"([\\`*_\[\]|~@:$#])")
_BACKTICKS = re.compile("`+")


def prose(text: str, limit: int = 300) -> str:
    """Return a text as prose in the middle of a line: no markup, no HTML, no links, no mentions."""
    escaped = _SPECIAL.sub(r"\\\1", html.escape(visible(text, limit), quote=False))
    return re.sub(r"(?i)\bwww\.", lambda found: found[0][:-1] + "\\.", escaped)


def code(text: str, limit: int = 300) -> str:
    """Return a text as a code span, in which nothing is interpreted. Not for table cells."""
    shown = visible(text, limit)
    if not shown.strip():
        return "(empty)" if not shown else f"({len(shown)} spaces)"
    fence = "`" * (_longest_run(shown) + 1)
    # CommonMark takes one space off both ends if both are there.
    padding = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def fenced(text: str, language: str = "") -> str:
    """Return one line of text as a fenced block; the fence is longer than any run of backticks in it."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{visible(text, None)}\n{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
