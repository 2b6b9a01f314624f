"""A real browser that opens pages from files and tells all that they do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

WIDE, PHONE = (1280, 800), (390, 844)
_ROWS = 6
_THIN_OUT = """most => {
    for (const parent of new Set([...document.querySelectorAll("[data-row]")].map(row => row.parentElement))) {
        [...parent.querySelectorAll(":scope > [data-row]")].slice(most).forEach(row => row.remove());
    }
}"""
_SERIOUS = ("serious", "critical")
_OF_COLOURS = ["color-contrast", "link-in-text-block"]


@dataclass
class Opened:
    """A page in the browser, with what it asked for and said."""

    page: Page
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """The width of what can be scrolled to, in pixels."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))

    def dismiss(self, dialog: Dialog) -> None:
        """Close a dialog, which no page of ours opens."""
        self.said.append(dialog.message)
        dialog.dismiss()

    def complaints(self, *, of_colours_alone: bool = False) -> list[str]:
        """Return what axe-core finds serious; it must have looked at something.

        Of rows that are like others it sees the first of each group: it takes a minute for all of them.
        """
        self.page.evaluate(_THIN_OUT, _ROWS)
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if of_colours_alone:
            options["runOnly"] = {"type": "rule", "values": _OF_COLOURS}
        found = Axe().run(self.page, options=options).response
        assert len(found["passes"]) > (0 if of_colours_alone else 10), "axe-core did not run"
        return [
            f"{item['id']}: {node['html'][:200]}"
            for item in found["violations"]
            if item["impact"] in _SERIOUS
            for node in item["nodes"]
        ]


Open = Callable[..., Any]


def _executable() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.fail("expected Chromium, got none. Install it, or name it by the variable CHROMIUM.", pytrace=False)
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=_executable(), args=arguments)
        yield running
        running.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Provide a function that opens a page: `opened(file, scheme="dark", size=PHONE, scripts=False)`."""
    contexts = []

    def open_page(file: Path, *, scheme: Any = "light", size: tuple[int, int] = WIDE, scripts: bool = True) -> Opened:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=scripts
        )
        contexts.append(context)
        view = Opened(page=context.new_page())
        own = file.resolve().as_uri()
        view.page.on("request", lambda asked: view.requests.append(asked.url) if asked.url != own else None)
        view.page.on("console", lambda message: view.said.append(message.text))
        view.page.on("pageerror", lambda error: view.said.append(str(error)))
        view.page.on("dialog", view.dismiss)
        view.page.goto(own)
        return view

    yield open_page
    for context in contexts:
        context.close()
