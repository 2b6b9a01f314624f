from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from sendproof.judge.verdicts import FAIL, Verdict
from sendproof.reports.annotations import MOST, annotate, commands_off, inert
from sendproof.reports.run_view import Run
from sendproof.reports.summary import to_markdown
from sendproof.reports.terminal import print_run

from .support import HOSTILE, changed, contract, green_verdicts, hostile_run, run_of, verdict

GITHUB = {"GITHUB_ACTIONS": "true"}
PROVIDER = contract().provider
BROKEN = verdict("tf.auth.missing-key")
# What the runner obeys; it raises for some of them, and then the step fails.
REGISTERED = frozenset({"error", "warning", "notice", "add-mask", "set-env", "set-output", "stop-commands"})
HOSTILE_COMMANDS = (
    "::add-mask::a ::stop-commands::b ##[add-mask]c ##[set-env name=PATH]d \n::set-env name=PATH::e\r\n  ::error::f "
    "%0A::add-mask::g %25 a:b,c=d" + HOSTILE
)


@dataclass
class Command:
    name: str
    properties: dict[str, str]
    data: str


FORMS = (
    re.compile(r"\s*::(?P<name>[^ ]*?)(?: (?P<properties>.*?))?::(?P<data>.*)", re.DOTALL),
    re.compile(r".*?##\[(?P<name>[^ \]]*)(?: (?P<properties>[^\]]*))?\](?P<data>.*)", re.DOTALL),
)


def read(line: str, known: frozenset[str] = REGISTERED) -> Command | None:
    """Read a line as the runner of GitHub does: the newer form first, then the older."""
    for form in FORMS:
        if (found := form.match(line)) and found["name"].lower() in known:
            pairs = (pair.partition("=") for pair in (found["properties"] or "").split(",") if pair)
            properties = {name.strip(): unescaped(value) for name, _, value in pairs}
            return Command(found["name"], properties, unescaped(found["data"]))
    return None


def unescaped(text: str) -> str:
    for token, escape in (("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"), ("%", "%25")):
        text = text.replace(escape, token)
    return text


def written(run: Run, environment: dict[str, str] | None = None) -> list[str]:
    lines: list[str] = []
    annotate(run, contract(run.provider).provider, GITHUB if environment is None else environment, lines.append)
    return lines


def commands(run: Run) -> list[Command]:
    found = [read(line) for line in written(run)]
    assert None not in found
    return [item for item in found if item is not None]


@pytest.mark.parametrize("environment", [{}, {"GITHUB_ACTIONS": "false"}], ids=["unset", "false"])
def test_nothing_is_annotated_elsewhere(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "summary"
    assert written(run_of(changed(BROKEN)), environment | {"GITHUB_STEP_SUMMARY": str(file)}) == []
    assert not file.exists()


def test_green_run_has_no_annotations() -> None:
    assert written(run_of()) == []


def test_failure_is_an_error_with_its_clause() -> None:
    assert written(run_of(changed(BROKEN))) == [
        "::error title=sendproof textflow%3A tf.auth.missing-key (required)::A request without a key is refused.%0A"
        "expected: a 4xx%0Aobserved: 201%0Aevidence: x1"
    ]


@pytest.mark.parametrize(
    ("run", "levels"),
    [
        (run_of(changed(verdict("tf.auth.key-elsewhere"))), ["warning"]),
        (run_of(changed(verdict("tf.auth.key-elsewhere")), strict=True), ["error"]),
        (run_of(changed(BROKEN), waived={BROKEN.clause.id: "known"}), ["notice"]),
        (run_of(changed(BROKEN), waiver_errors=("expired",)), ["error", "error"]),
        (run_of(environment_error="refused", accepted=0), ["error"]),
        (run_of(changed(verdict("tf.auth.empty-key", "inconclusive"))), ["error"]),
        (run_of(changed(verdict("tf.auth.empty-key", "error", detail="lost"))), ["error"]),
        (run_of(changed(verdict("tf.auth.key-elsewhere"), BROKEN)), ["error", "warning"]),
    ],
    ids=["recommended", "strict", "waived", "waivers", "environment", "undecided", "error", "order"],
)
def test_level_tells_what_decides_the_exit_code(run: Run, levels: list[str]) -> None:
    assert [item.name for item in commands(run)] == levels


def test_annotation_of_a_waived_failure_has_the_reason() -> None:
    (found,) = commands(run_of(changed(BROKEN), waived={BROKEN.clause.id: "until May"}))
    assert found.data.endswith("\nwaived: until May")


def test_many_failures_are_counted() -> None:
    failing = {
        identity: Verdict(clause=item.clause, verdict=FAIL, expected="a", observed="b")
        for identity, item in green_verdicts().items()
        if item.clause.level == "required"
    }
    found = commands(run_of(failing))
    assert len(found) == MOST
    assert found[-1].data == f"and {len(failing) - MOST + 1} more: see summary.md"


def hostile(text: str) -> Run:
    failing = (
        verdict("tf.auth.missing-key", expected=text, observed=text, evidence=(text,)),
        verdict("tf.auth.key-elsewhere", expected=text, observed=text),
        verdict("tf.auth.unknown-key", "inconclusive", detail=text),
        verdict("tf.auth.empty-key", "error", detail=text),
    )
    return run_of(changed(*failing), name=text, title=text, waiver_errors=(text,), environment_error=text)


@pytest.mark.parametrize("run", [hostile(HOSTILE_COMMANDS), hostile_run()], ids=["commands", "characters"])
def test_text_of_a_target_cannot_break_out_of_an_annotation(run: Run) -> None:
    for line in written(run):
        assert line.isprintable()
        command = read(line)
        assert command is not None
        assert command.name in ("error", "warning", "notice")
        assert set(command.properties) == {"title"}


def test_text_of_a_target_arrives_as_it_is() -> None:
    found = commands(run_of(changed(verdict(BROKEN.clause.id, observed="50 %, a::b %0A,"))))
    assert "\nobserved: 50 %, a::b %0A,\n" in found[0].data


def test_reader_of_these_tests_finds_what_the_runner_finds() -> None:
    assert read("  ::add-mask::x") == Command("add-mask", {}, "x")
    assert read("observed: ##[add-mask]x") == Command("add-mask", {}, "x")
    assert read("observed: ::add-mask::x") is None


def printed(run: Run, environment: dict[str, str]) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=40, highlight=False)
    with commands_off(environment, lambda line: console.print(line, soft_wrap=True), "r4nd0m"):
        print_run(run, console, PROVIDER)
    return file.getvalue().splitlines()


def obeyed(lines: list[str]) -> list[Command]:
    """Return the commands that the runner would obey."""
    found: list[Command] = []
    token: str | None = None
    for line in lines:
        command = read(line, REGISTERED if token is None else REGISTERED | {token})
        if command is None or (token is not None and command.name != token):
            continue
        token = command.data if command.name == "stop-commands" else None
        found.append(command)
    return found


def test_terminal_output_without_a_guard_could_be_obeyed() -> None:
    assert obeyed(printed(hostile("##[add-mask]x"), {}))
    assert obeyed(printed(hostile("a" * 26 + " ::add-mask::x"), {}))


def test_terminal_output_is_not_obeyed_on_github() -> None:
    lines = printed(hostile(HOSTILE_COMMANDS), GITHUB)
    assert [item.name for item in obeyed(lines)] == ["stop-commands", "r4nd0m"]
    assert (lines[0], lines[-1]) == ("::stop-commands::r4nd0m", "::r4nd0m::")


def test_commands_are_on_again_after_an_error() -> None:
    lines: list[str] = []
    with pytest.raises(LookupError), commands_off(GITHUB, lines.append, "t0ken"):
        raise LookupError
    assert lines == ["::stop-commands::t0ken", "::t0ken::"]


@pytest.mark.parametrize(
    "text", ["##[add-mask]x", "a ##vso[task.setvariable]b", "##teamcity[x]", "####[x]", "##[x] ##[y]"]
)
def test_inert_text_has_no_older_command(text: str) -> None:
    assert not re.search(r"##\w*\[", inert(text))


@pytest.mark.parametrize("text", ["# #", "## head", "a [b] ##", "[##]"])
def test_inert_text_is_otherwise_the_same(text: str) -> None:
    assert inert(text) == text


def test_summary_is_appended_for_the_job(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n", "utf-8")
    written(run_of(), GITHUB | {"GITHUB_STEP_SUMMARY": str(file)})
    assert file.read_text("utf-8") == f"before\n\n{to_markdown(run_of(), PROVIDER)}\n"


def test_summary_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (line,) = written(run_of(), GITHUB | {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert line.startswith("::warning title=sendproof::no job summary: ")
