"""Words that the generated pages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar within a cell is escaped."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def code(text: object) -> str:
    """Return a code span; one that holds a backtick has two at its sides."""
    shown = str(text)
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def link(label: str, shown: str | None = None) -> str:
    """Return a link to a label of the site, shown as code."""
    return f"[{code(shown or label)}](#{label})"


def listed(items: Iterable[str], last: str = "and") -> str:
    """Return items as a sentence lists them."""
    *head, tail = items
    return f"{', '.join(head)} {last} {tail}" if head else tail
