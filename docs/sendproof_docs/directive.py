"""A directive of Sphinx, `generated`: puts what is made from the code and the catalogues into a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from . import bounds, checks, clauses, commands, mocks, profile, results

MAKERS: Mapping[str, Callable[..., str]] = {
    "changes": bounds.changes,
    "checks": checks.page,
    "clauses": clauses.page,
    "commands": commands.page,
    "efforts": profile.efforts,
    "bounds": bounds.page,
    "budget": profile.budget,
    "fixtures": profile.fixtures,
    "init": profile.example,
    "mock": mocks.page,
    "pytest-options": commands.pytest_options,
    "results": results.page,
}


class Generated(SphinxDirective):
    """Put the Markdown that a maker returns in the place of the directive: its name, then its arguments."""

    required_arguments = 1
    optional_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return the parsed Markdown; an unknown maker is an error of the page."""
        name, *given = self.arguments
        if name not in MAKERS:
            raise self.error(f"generated: expected one of {', '.join(MAKERS)}, got {name!r}.")
        made: list[nodes.Node] = self.parse_text_to_nodes(MAKERS[name](*given), allow_section_headings=True)
        return made


def slug(title: str) -> str:
    """Return the anchor of a heading as it is on code hosts, but with its dots: a clause is found by `#` and its id."""
    return re.sub(r"[^\w. -]", "", title.strip().lower()).replace(" ", "-")


def _give_captions_a_level(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Complete the captions of the contents: Sphinx makes them headings without a level."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive with Sphinx, and mend the theme's contents."""
    app.add_directive("generated", Generated)
    # After the theme has made the tree.
    app.connect("html-page-context", _give_captions_a_level, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
