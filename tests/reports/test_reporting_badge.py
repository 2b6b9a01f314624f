from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from sendproof.judge.verdicts import NOT_APPLICABLE, PASS
from sendproof.reports.run_view import Run
from sendproof.reports.text import is_plain
from sendproof.reports.write import badge_message, to_svg

from .support import HOSTILE, changed, hostile_run, run_of, verdict

SVG = "{http://www.w3.org/2000/svg}"
BROKEN = changed(verdict("tf.auth.missing-key"))
UNDECIDED = changed(verdict("tf.auth.empty-key", "inconclusive"))
REQUIRED = [item.verdict for item in run_of().verdicts if item.clause.level == "required"]
KEPT, PROMISED = REQUIRED.count(PASS), len(REQUIRED) - REQUIRED.count(NOT_APPLICABLE)
RUNS: list[tuple[str, Run, str]] = [
    ("green", run_of(), f"{KEPT} of {PROMISED} required hold"),
    ("waived", run_of(BROKEN, waived={"tf.auth.missing-key": "known"}), f"{KEPT - 1} of {PROMISED} required hold"),
    ("broken", run_of(BROKEN), "1 broken"),
    ("undecided", run_of(UNDECIDED), "1 undecided"),
    ("waiver", run_of(waiver_errors=("expired",)), "waiver out of date"),
    ("interrupted", run_of(interrupted=True), "interrupted"),
    ("environment", run_of(environment_error=HOSTILE, accepted=0), "not judged"),
]
SHOWN = pytest.mark.parametrize(("run", "message"), [item[1:] for item in RUNS], ids=[item[0] for item in RUNS])


def badge(run: Run) -> ET.Element:
    return ET.fromstring(to_svg(run))


@SHOWN
def test_badge_says_the_verdict(run: Run, message: str) -> None:
    root = badge(run)
    assert badge_message(run) == message
    assert root.get("aria-label") == f"sendproof: {message}"
    assert (root.findtext(f"{SVG}title") or "").endswith(f": {message}")
    assert [item.text for item in root.iter(f"{SVG}text")] == ["sendproof", message]


@SHOWN
def test_badge_holds_its_texts(run: Run, message: str) -> None:
    root = badge(run)
    left, right = (item for item in root.iter(f"{SVG}rect") if item.get("fill"))
    label, shown = root.iter(f"{SVG}text")
    for rect, text in ((left, label), (right, shown)):
        start, end = number(rect, "x"), number(rect, "x") + number(rect, "width")
        assert start < number(text, "x")
        assert number(text, "x") + number(text, "textLength") < end
    assert number(root, "width") == number(left, "width") + number(right, "width")


def number(element: ET.Element, name: str) -> float:
    return float(element.get(name, "0"))


def _luminance(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@SHOWN
def test_badge_can_be_read(run: Run, message: str) -> None:
    for rect in badge(run).iter(f"{SVG}rect"):
        if colour := rect.get("fill"):
            assert 1.05 / (_luminance(colour) + 0.05) >= 4.5


def test_verdicts_have_colours_of_their_own() -> None:
    found: dict[str, Any] = {
        name: [item.get("fill") for item in badge(run).iter(f"{SVG}rect")][-1] for name, run, _ in RUNS
    }
    assert found["green"] == found["waived"]
    assert len({found[name] for name in ("green", "broken", "undecided", "environment")}) == 4


def test_badge_refers_to_nothing_outside() -> None:
    svg = to_svg(hostile_run())
    assert "href" not in svg
    assert svg.count("http") == 1
    assert not {item.tag.removeprefix(SVG) for item in ET.fromstring(svg).iter()} - {
        "svg", "title", "clipPath", "rect", "g", "text",
    }  # fmt: skip


def test_name_of_a_target_is_shown_as_text() -> None:
    title = badge(run_of(name="<script>\x00\u202e")).findtext(f"{SVG}title") or ""
    assert "<script>\\x00\\u202e" in title
    assert is_plain(title)
