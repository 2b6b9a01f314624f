from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from sendproof.judge.verdicts import ReasonCode
from sendproof.reports.curl import reproduction
from sendproof.reports.run_view import Run, closing_line
from sendproof.reports.terminal import Progress, print_run
from sendproof.reports.text import is_plain

from .support import UNJUDGED, changed, contract, exchange, hostile_run, run_of, verdict

PROVIDER = contract().provider
BROKEN = changed(verdict("tf.auth.missing-key"))


def printed(run: Run, *, quiet: bool = False, width: int = 60) -> str:
    file = io.StringIO()
    print_run(run, Console(file=file, width=width, highlight=False), contract(run.provider).provider, quiet=quiet)
    return file.getvalue()


def test_terminal_shows_table_failures_groups_and_the_closing_line() -> None:
    run = run_of(
        BROKEN
        | changed(
            verdict("tf.auth.empty-key", "inconclusive", reason=ReasonCode.THROTTLED),
            verdict("tf.auth.key-case", "error", detail="lost"),
        ),
        waived={"tf.auth.missing-key": "until May"},
        waiver_errors=("expired",),
    )
    text = printed(run, width=200)
    table, failures = text.split("tf.auth.missing-key (required)")
    assert ["auth", "9", "1", "1", "1", "2", "0", "1"] in [line.split() for line in table.splitlines()]
    for line in (
        "claim: A request without a key is refused.",
        "expected: a 4xx",
        "observed: 201",
        "evidence: x1",
        "waived: until May",
        "Errors\n  lost: tf.auth.key-case",
        "Inconclusive\n  throttled: tf.auth.empty-key",
        "  no_fixture: the profile has no fixtures.test_key: tf.auth.test-key",
        "waiver: expired",
    ):
        assert line in failures
    assert text.rstrip().splitlines()[-1].rstrip() == closing_line(run)


def test_terminal_does_not_break_the_command() -> None:
    run = run_of(BROKEN, exchanges=(exchange(b'{"message": "' + b"ab " * 300 + b'"}'),))
    command = reproduction(BROKEN["tf.auth.missing-key"], run, PROVIDER)
    assert command is not None
    assert f"\n{command}\n" in printed(run, width=40)


def test_terminal_leaves_a_very_long_command_out() -> None:
    body = b"".join(index.to_bytes(4, "big") for index in range(3000))
    assert "the command stands in results.json" in printed(run_of(BROKEN, exchanges=(exchange(body),)))


def test_terminal_prints_no_evidence_that_is_not_there() -> None:
    assert "curl" not in printed(run_of(BROKEN, exchanges=()))


def test_failed_preflight_prints_its_cause_alone() -> None:
    run = run_of(**UNJUDGED)
    assert printed(run, width=40) == closing_line(run) + "\n"


def test_failed_preflight_still_names_waivers_to_mend() -> None:
    assert "waiver: tf.x is unknown\n" in printed(run_of(**UNJUDGED, waiver_errors=("tf.x is unknown",)), width=200)


def test_variables_to_fill_in_follow_the_failures() -> None:
    text = printed(run_of(BROKEN), width=200)
    assert "Before you run the commands, fill in:\nexport TEXTFLOW_API_KEY=  # credentials.api_key\n" in text
    assert text.index("export TEXTFLOW_API_KEY") > text.index("curl ")


def test_no_head_is_cut_at_80_columns() -> None:
    kinds = {"tf.auth.missing-key": "fail", "tf.auth.empty-key": "inconclusive", "tf.auth.key-case": "error"}
    text = printed(run_of(changed(*(verdict(name, kind) for name, kind in kinds.items()))), width=80)
    assert "…" not in text.split("tf.auth.missing-key (required)")[0]
    for head in ("inconclusive", "normalization", "exercised", "applicable", "error"):
        assert head in text


def test_quiet_prints_the_closing_line_alone() -> None:
    assert printed(run_of(BROKEN), quiet=True, width=40) == closing_line(run_of(BROKEN)) + "\n"


def test_terminal_shows_hostile_text_as_text() -> None:
    text = printed(hostile_run())
    assert all(is_plain(line) for line in text.splitlines())
    assert "[bold]rich[/bold]" in text.replace("\n", "")
    assert ":smile:" in text.replace("\n", "")


def test_terminal_colours_and_still_shows_escapes_as_text() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", width=80, _environ={"TERM": "xterm"})
    print_run(hostile_run(), console, PROVIDER)
    assert "\x1b[" in file.getvalue()
    assert "\\x1b[31mred" in file.getvalue()
    assert "\x1b[31mred" not in file.getvalue()


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (run_of(), "every required clause that was asked holds; 380 requests, 41 accepted, 3.1 s; exit 0"),
        (run_of(name="eu", kind="live"), "TextFlow (live, eu): every required"),
        (run_of(credits=82), "41 accepted, 82 credits, 3.1 s"),
        (run_of(BROKEN, waived={"tf.auth.missing-key": "known"}), "asked holds or is waived;"),
        (run_of(BROKEN), "1 required clause is broken"),
        (run_of(BROKEN | changed(verdict("tf.auth.key-elsewhere")), strict=True), "2 clauses are broken"),
        (run_of(changed(verdict("tf.auth.empty-key", "inconclusive"))), "incomplete: 1 required clause is not decided"),
        (run_of(interrupted=True), "interrupted; "),
        (run_of(environment_error="connection refused"), "nothing was judged: connection refused"),
        (run_of(changed(verdict("tf.auth.empty-key", "error"))), "1 of the checks ended in an error"),
        (run_of(accepted=0), "no message was accepted, which proves nothing"),
        (run_of(waiver_errors=("tf.x is unknown",)), "waivers: tf.x is unknown; "),
        (run_of(waiver_errors=("tf.x passes.", "tf.y passes.")), "waivers: tf.x passes. tf.y passes.; "),
    ],
    ids=[
        "green", "named", "credits", "waived", "broken", "strict", "incomplete", "interrupted", "environment", "error",
        "nothing", "waiver", "waivers",
    ],
)  # fmt: skip
def test_closing_line_says_what_the_exit_code_means(run: Run, line: str) -> None:
    assert line in closing_line(run)


class Ticks:
    """A clock that shows the given times."""

    def __init__(self, *times: float) -> None:
        self._times: Iterator[float] = iter(times)

    def __call__(self) -> float:
        return next(self._times)


def test_progress_is_silent_in_the_beginning() -> None:
    file = io.StringIO()
    with Progress(Console(file=file), clock=Ticks(0.0, 0.5, 1.9)) as progress:
        progress.update(1, 10, "sending")
        progress.update(2, 10, "sending")
    assert file.getvalue() == ""


def test_progress_prints_plain_lines_now_and_then() -> None:
    file = io.StringIO()
    with Progress(Console(file=file, width=10), clock=Ticks(0.0, 2.0, 2.0, 3.9, 4.1, 4.1)) as progress:
        progress.update(3, 10, "sending \x1b[31m")
        progress.update(4, 10, "sending")
        progress.update(5, 10, "[bold]judging")
    assert file.getvalue() == "3/10 sending \\x1b[31m\n5/10 [bold]judging\n"


def test_progress_tells_at_once_what_will_take_long() -> None:
    file = io.StringIO()
    with Progress(Console(file=file), clock=Ticks(0.0, 0.1, 0.2)) as progress:
        progress.update(1, 10, "waiting 60 s: the key is throttled (Retry-After: 60)", at_once=True)
        progress.update(2, 10, "sending")
    assert file.getvalue() == "1/10 waiting 60 s: the key is throttled (Retry-After: 60)\n"


def test_progress_tells_on_a_terminal_what_will_take_long() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, _environ={"TERM": "xterm-256color"})
    with Progress(console, clock=Ticks(0.0)) as progress:
        progress.update(1, 10, "waiting 60 s: the key is throttled", at_once=True)
    assert "waiting 60 s: the key is throttled\n" in file.getvalue()


def test_progress_is_silent_when_quiet() -> None:
    file = io.StringIO()
    with Progress(Console(file=file), quiet=True, clock=Ticks(0.0)) as progress:
        progress.update(1, 2, "sending")
    assert file.getvalue() == ""


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["colour", "NO_COLOR"])
def test_progress_is_a_bar_on_a_terminal(environ: dict[str, str], coloured: bool) -> None:
    file = io.StringIO()
    environ = {"TERM": "xterm-256color", **environ}
    console = Console(file=file, force_terminal=True, width=80, color_system="256", _environ=environ)
    with Progress(console, clock=Ticks(0.0, 2.0)) as progress:
        progress.update(3, 10, "[bold]sending\x1b[31m")
        progress.update(7, 10, "judging")
    assert "judging" in file.getvalue()
    assert "7/10" in file.getvalue()
    assert ("\x1b[38;" in file.getvalue()) is coloured
    assert "\x1b[31m" not in file.getvalue().replace("\\x1b[31m", "")


def test_progress_prints_lines_on_a_dumb_terminal() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, _environ={"TERM": "dumb"})
    with Progress(console, clock=Ticks(0.0, 2.0, 2.0)) as progress:
        progress.update(3, 10, "sending")
    assert file.getvalue() == "3/10 sending\n"
