"""The badge of a run (`badge.svg`): one picture of its verdict, for a README or a page."""

from __future__ import annotations

from collections import Counter

from sendproof import exit_codes
from sendproof.judge.verdicts import NOT_APPLICABLE, PASS
from sendproof.reports.pages import render
from sendproof.reports.record import Run
from sendproof.reports.results import exit_code, undecided, unwaived_failures

_LABEL = "sendproof"
# White on each of them has a contrast of 4.5 and more.
_GREEN, _RED, _AMBER, _GREY = "#2e7d32", "#c62828", "#8a5a00", "#5f6368"
_COLOURS = {exit_codes.OK: _GREEN, exit_codes.FAILED: _RED, exit_codes.INCOMPLETE: _AMBER, exit_codes.WAIVER: _AMBER}
_STOPPED = {exit_codes.WAIVER: "waiver out of date", exit_codes.INTERRUPTED: "interrupted"}
# Widths of Verdana at 11 px, rounded up. What has another font is drawn to the same width by `textLength`.
_WIDTHS = {3.2: "ijl", 4.1: "f .,:()", 5.0: "rt/-", 6.0: "csz", 9.3: "w", 10.9: "m"}
_WIDTH = {char: width for width, chars in _WIDTHS.items() for char in chars}
_OTHER_WIDTH = 7.2
_PADDING = 6


def to_svg(run: Run) -> str:
    """Return the badge of a run as SVG: label, message, and both as its title."""
    message = badge_message(run)
    label_width, message_width = text_width(_LABEL), text_width(message)
    return render(
        "badge.svg",
        label=_LABEL,
        message=message,
        target=run.name,
        colour=_COLOURS.get(exit_code(run), _GREY),
        padding=_PADDING,
        label_width=label_width,
        message_width=message_width,
        left=label_width + 2 * _PADDING,
        right=message_width + 2 * _PADDING,
    )


def badge_message(run: Run) -> str:
    """Return the verdict in a few words: "58 of 58 required hold", "2 broken", "3 undecided"."""
    code = exit_code(run)
    if code == exit_codes.OK:
        found = Counter(item.verdict for item in run.verdicts if item.clause.level == "required")
        return f"{found[PASS]} of {found.total() - found[NOT_APPLICABLE]} required hold"
    if code == exit_codes.FAILED:
        return f"{len(unwaived_failures(run))} broken"
    if code == exit_codes.INCOMPLETE:
        return f"{len(undecided(run))} undecided"
    return _STOPPED.get(code, "not judged")


def text_width(text: str) -> int:
    """Return about how wide a text is in Verdana at 11 px, in whole pixels."""
    return round(sum(_WIDTH.get(char, _OTHER_WIDTH) for char in text))
