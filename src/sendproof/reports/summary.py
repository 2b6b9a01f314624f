"""The summary of a run as Markdown (`summary.md`), for a pull request or a job's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sendproof import exit_codes
from sendproof.contract.provider import Provider
from sendproof.judge.verdicts import ERROR, FAIL, INCONCLUSIVE, NOT_APPLICABLE, OBSERVATION, Verdict
from sendproof.reports import run_view
from sendproof.reports.curl import exports, reproduction
from sendproof.reports.markdown import code, fenced, prose
from sendproof.reports.observations import in_words
from sendproof.reports.run_view import Run, exit_code

_COLUMNS = {verdict: head for verdict, head in run_view.COLUMNS.items() if verdict != NOT_APPLICABLE}
_MOST_FAILURES = 30
_MOST_REMARKS = 12
_LONGEST_COMMAND = 4000
_MARKS = {exit_codes.OK: "Holds", exit_codes.FAILED: "Fails"}


def to_markdown(run: Run, provider: Provider) -> str:
    """Return the summary of a run in GitHub-flavoured Markdown."""
    if run_view.is_unjudged(run):
        return "\n".join(_verdict_line(run)) + "\n"
    lines = [
        *_verdict_line(run),
        *_table(run),
        *_failures("Broken required clauses", run, provider, "required"),
        *_failures("Broken recommended clauses", run, provider, "recommended"),
        *_exports(run, provider),
        *_groups("Errors", run_view.by_reason(run_view.with_verdict(run, ERROR))),
        *_groups("Inconclusive", run_view.by_reason(run_view.with_verdict(run, INCONCLUSIVE))),
        *_groups("Not exercised", run_view.not_exercised(run, provider)),
        *_remarks(run),
        *_observations(run),
    ]
    return "\n".join(lines) + "\n"


def _verdict_line(run: Run) -> Iterator[str]:
    yield f"**{_MARKS.get(exit_code(run), 'Undecided')}.** {prose(run_view.closing_line(run), 600)}."
    if run.waiver_errors:
        yield ""
        yield from (f"- waiver: {code(error, 1000)}" for error in run.waiver_errors)


def _table(run: Run) -> Iterator[str]:
    yield ""
    yield f"| concern | {' | '.join(_COLUMNS.values())} |"
    yield f"| --- |{' ---: |' * len(_COLUMNS)}"
    for concern, counts in run_view.by_concern(run).items():
        yield f"| {concern} | {' | '.join(str(counts[verdict] or '·') for verdict in _COLUMNS)} |"


def _failures(title: str, run: Run, provider: Provider, level: str) -> Iterator[str]:
    failures = run_view.with_verdict(run, FAIL, level)
    if not failures:
        return
    yield from ("", f"## {title}")
    for verdict in failures[:_MOST_FAILURES]:
        yield from _failure(verdict, run, provider)
    if rest := failures[_MOST_FAILURES:]:
        yield from ("", f"Also: {_listed(run_view.ids(rest))}.")


def _failure(verdict: Verdict, run: Run, provider: Provider) -> Iterator[str]:
    yield from ("", f"### {code(verdict.clause.id)}", "", prose(verdict.clause.claim), "")
    yield f"- expected: {code(verdict.expected or '')}"
    yield f"- observed: {code(verdict.observed or '')}"
    yield f"- evidence: {_listed(verdict.evidence)} ({verdict.violated} of {verdict.exercised} exchanges)"
    if (waiver := run_view.waiver_of(run, verdict.clause.id)) is not None:
        yield f"- {waiver[0]}: {prose(waiver[1], 1000)}"
    if command := reproduction(verdict, run, provider):
        shown = fenced(command, "sh") if len(command) <= _LONGEST_COMMAND else "The command stands in `results.json`."
        yield from ("", shown)


def _exports(run: Run, provider: Provider) -> Iterator[str]:
    commands = (reproduction(verdict, run, provider) for verdict in run_view.with_verdict(run, FAIL))
    shown = (command for command in commands if command and len(command) <= _LONGEST_COMMAND)
    if lines := exports(shown, run, provider):
        yield from ("", "Before you run the commands, fill in:", "", fenced("\n".join(lines), "sh"))


def _groups(title: str, groups: Mapping[str, tuple[Verdict, ...]]) -> Iterator[str]:
    if groups:
        yield from ("", f"## {title}", "")
        yield from (f"- {prose(reason)}: {_listed(run_view.ids(found))}" for reason, found in groups.items())


def _remarks(run: Run) -> Iterator[str]:
    shown_instead = run_view.shown_instead(run)
    if found := (*run_view.remarks(run), *((shown_instead,) if shown_instead else ())):
        yield from ("", "## Notes", "")
        yield from (f"- {prose(remark, 300)}" for remark in found[:_MOST_REMARKS])
        if more := found[_MOST_REMARKS:]:
            yield f"- and {len(more)} more"


def _observations(run: Run) -> Iterator[str]:
    """Yield a collapsed list with one item for a concern: GitHub shows the breaks inside it."""
    observed = run_view.with_verdict(run, OBSERVATION)
    if not observed:
        return
    yield from ("", "<details>", f"<summary>Observed where the document is silent ({len(observed)})</summary>", "")
    for concern in run_view.by_concern(run):
        items = [item for item in observed if item.clause.concern == concern]
        if items:
            yield f"- **{concern}**{''.join(map(_observation, items))}"
    yield from ("", "</details>")


def _observation(verdict: Verdict) -> str:
    return f"<br>{code(verdict.clause.id)}: {code(in_words(verdict.observation or '', verdict.clause), 160)}"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(text if text.startswith("and ") else code(text) for text in texts)
