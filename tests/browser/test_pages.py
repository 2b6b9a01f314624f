"""Each page, opened from its file in Chromium: what it shows, what it asks for, whom it shuts out."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from sendproof.exchange import Response
from sendproof.mock.server import MockServer
from sendproof.reports.pages.run import run_page
from sendproof.reports.run_view import Run
from tests.reports.support import changed, contract, exchange, judgement, run_of, verdict
from tests.shared import once

from .conftest import PHONE, WIDE, Open
from .made import CLAUSE, FAULT, Made, make

PAGES = (
    "report-green",
    "report-broken",
    "report-other",
    "report-hostile",
    "comparison-broken",
    "comparison-hostile",
    "comparison-same",
    "vendors-two",
    "vendors-hostile",
    "kill-matrix",
)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return once(tmp_path_factory, "pages", lambda folder: make(folder, tmp_path_factory))


def test_every_page_that_is_made_is_looked_at(made: Made) -> None:
    assert set(made.pages) == set(PAGES)


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", WIDE), ("dark", WIDE), ("light", PHONE)], ids=["light", "dark", "phone"]
)
@pytest.mark.parametrize("name", PAGES)
def test_page_shuts_nobody_out_asks_for_nothing_and_fits(
    made: Made, opened: Open, name: str, scheme: str, size: tuple[int, int]
) -> None:
    view = opened(made.pages[name], scheme=scheme, size=size)
    # The colours are all that differs in the dark.
    assert view.complaints(of_colours_alone=scheme == "dark") == []
    assert view.width <= size[0]
    assert view.requests == []
    assert view.said == []


@pytest.mark.parametrize("name", [name for name in PAGES if "hostile" in name])
def test_no_script_of_the_target_runs(made: Made, opened: Open, name: str) -> None:
    view = opened(made.pages[name])
    # What is folded is part of the page too.
    view.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    view.page.wait_for_timeout(200)
    assert "window.pwned" in view.page.content(), "the hostile text must stand on the page to prove anything"
    assert view.page.evaluate("window.pwned") is None
    own_scripts = view.page.evaluate("document.scripts.length")
    strangers = view.page.evaluate(
        "[...document.querySelectorAll('*')].filter(one => [...one.attributes].some(given =>"
        " given.name.startsWith('on') || /^javascript:/i.test(given.value))).length"
    )
    assert (own_scripts <= 1, strangers, view.said, view.requests) == (True, 0, [], [])


def test_hostile_characters_are_seen_and_not_obeyed(made: Made, opened: Open) -> None:
    text = opened(made.pages["report-hostile"]).page.inner_text("body")
    assert "\\u202e" in text
    assert "\\x1b" in text
    assert re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f]", text) is None


def test_first_screen_tells_promise_source_and_command(made: Made, opened: Open) -> None:
    view = opened(made.pages["report-broken"])
    for words in (
        "1 required clause is broken",
        "A key that lacks its last characters is refused.",
        CLAUSE,
        "textflow-send-sms, “Error responses”",
        "accepted with 200",
        "curl -sS",
    ):
        box = view.page.get_by_text(words).first.bounding_box()
        assert box is not None, words
        assert box["y"] + box["height"] <= WIDE[1], words


def test_command_as_it_stands_on_the_page_shows_the_failure_again(made: Made, opened: Open, tmp_path: Path) -> None:
    view = opened(made.pages["report-broken"])
    command = view.page.inner_text("#command-1")
    with MockServer("textflow", fault=FAULT) as mock:
        profile: dict[str, Any] = dict(mock.profile())
        moved = re.sub(r"http://127\.0\.0\.1:\d+", profile["base_url"], command)
        environment = {**os.environ, "TEXTFLOW_API_KEY": profile["credentials"]["api_key"]}
        done = subprocess.run(
            ["sh", "-c", moved], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
    assert done.stdout.startswith("HTTP/1.1 200 ")


def test_copy_button_puts_the_command_into_the_clipboard(made: Made, opened: Open) -> None:
    view = opened(made.pages["report-broken"])
    view.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    view.page.get_by_role("button", name=f"Copy the command of {CLAUSE}").click()
    view.page.get_by_text("Copied").wait_for()
    assert view.page.evaluate("navigator.clipboard.readText()") == view.page.inner_text("#command-1")


def test_filters_leave_what_was_chosen(made: Made, opened: Open) -> None:
    page = opened(made.pages["report-broken"]).page
    rows = page.locator("#clauses [data-row]:visible")
    everything = rows.count()
    page.get_by_role("combobox", name="verdict").select_option("fail")
    assert rows.count() == 1
    assert page.locator("#clauses tbody:visible").count() == 1
    assert page.get_by_text(f"1 of {everything} shown").count() == 1
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("combobox", name="concern").select_option("errors")
    page.get_by_role("combobox", name="level").select_option("required")
    assert 0 < rows.count() < everything
    page.get_by_role("searchbox", name="text").fill("no such text anywhere")
    assert rows.count() == 0


def test_filters_and_evidence_work_by_keyboard(made: Made, opened: Open) -> None:
    page = opened(made.pages["report-broken"]).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.get_by_role("combobox", name="verdict").focus()
    page.keyboard.press("f")
    assert page.locator("#clauses [data-row]:visible").count() == 1
    link = page.locator("article dd a").first
    target = str(link.get_attribute("href"))
    link.focus()
    page.keyboard.press("Enter")
    page.locator(f"{target}[open]").wait_for()


def test_report_says_everything_without_scripts(made: Made, opened: Open) -> None:
    with_scripts, without = (opened(made.pages["report-broken"], scripts=on).page for on in (True, False))
    assert without.locator("#clauses [data-row]:visible").count() == with_scripts.locator("#clauses [data-row]").count()
    assert without.locator("form:visible").count() == without.locator("button:visible").count() == 0


def test_report_of_five_thousand_exchanges_is_light_and_opens_at_once(tmp_path: Path, opened: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(run_page(_worst_run(5000), contract()), "utf-8")
    assert file.stat().st_size < 5_000_000
    assert _seconds_to_open(opened(file).page) < 2.0


def _seconds_to_open(page: Page) -> float:
    """Return what opening a page again takes of its thread: the machine may be busy with something else."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy(session)
    page.reload()
    page.wait_for_selector("#all")
    return _busy(session) - before


def _busy(session: CDPSession) -> float:
    metrics = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def _worst_run(count: int) -> Run:
    """Forty clauses fail, each with evidence of its own, in long messages."""
    body = b"<script>" + b"A" * 20_000
    exchanges = tuple(
        replace(exchange(body, identity=f"x{number}"), response=Response(status=200, body=body))
        for number in range(count)
    )
    gating = [item.id for item in contract().clauses.values() if item.gates and item.id.startswith("tf.")][:40]
    failures = (
        verdict(name, evidence=tuple(f"x{number}" for number in range(place * 5, place * 5 + 5)))
        for place, name in enumerate(gating)
    )
    judgements = tuple(
        judgement("accepted" if number % 3 else "refused", 0.001 + number / 1e5) for number in range(count)
    )
    return run_of(changed(*failures), exchanges=exchanges, judgements=judgements)
