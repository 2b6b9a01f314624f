"""Pages: HTML files that stand by themselves, with one look, and nothing a target wrote is ever run in them."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

import jinja2

from sendproof.reports.text import visible

_LONGEST_TEXT = 2000
_SCRIPT = "page.js"


def render(template: str, /, **values: object) -> str:
    """Return a page made of a template in `templates/`; everything in `values` is escaped.

    Templates have the filter `shown(limit)`, which makes what is unseen in a text visible and cuts it.
    """
    return _environment().get_template(template).render(**values)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sendproof.reports.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    script = environment.get_template(_SCRIPT).render()
    environment.globals["script"] = script
    # The page's own script is the only one that a browser will run, whatever else the page may hold.
    environment.globals["script_digest"] = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment


def _shown(text: Any, limit: int | None = _LONGEST_TEXT) -> str:
    return visible(str(text), limit)
