"""A run against one target while it lasts: evidence is gathered, judged, and reported.

`gather` asks, `judge_run` makes the verdicts and applies the waivers, `OngoingRun` holds both together and remembers
what went wrong beside the verdicts.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

import sendproof
from sendproof import exit_codes
from sendproof.contract.model import Contract, load_contract, provider_names
from sendproof.conversation.asker import ShowProgress
from sendproof.corpus.build import load_corpus
from sendproof.errors import UsageError, exit_code_of, line_of
from sendproof.judge.history import judge
from sendproof.judge.retries import message_id
from sendproof.judge.verdicts import ACCEPTED, Judgement, ReasonCode, Verdict, verdicts
from sendproof.reports.run_view import Run, unwaived_failures
from sendproof.reports.write import write_reports
from sendproof.runs.applied_waivers import overlay
from sendproof.runs.asking import Asking, open_conversation, open_target, plan_of
from sendproof.runs.evidence_on_disk import (
    BROKEN_OFF,
    EvidenceFolder,
    Gathered,
    Problem,
    facts_of,
    nothing_gathered,
)
from sendproof.runs.options import Options
from sendproof.runs.waivers import Waiver, read_waivers
from sendproof.target.pseudonyms import Pseudonym


class OngoingRun:
    """A run while it lasts. Every process of a session has one, and they share the folder of the evidence.

    `reports` is the folder that reports are written to, `result` the run as it was judged last. `page` makes the page
    of a run, None where there is none; `of_pytest` finds the JUnit file that pytest has written. `is_embedded` says
    that the command line shows the results, not pytest.
    """

    def __init__(
        self,
        options: Options,
        contract: Contract,
        folder: EvidenceFolder,
        reports: Path,
        *,
        is_embedded: bool,
        page: Callable[[Run], str | None],
        of_pytest: Callable[[], Path | None],
    ) -> None:
        self._options, self._contract, self._folder, self.reports = options, contract, folder, reports
        self._is_embedded, self._page, self._of_pytest = is_embedded, page, of_pytest
        self._started = datetime.now(UTC)
        self._problem: Problem | None = None
        self.result: Run | None = None

    @property
    def has_begun(self) -> bool:
        """Whether anything was asked, or went wrong: then there is something to report."""
        return self._folder.was_asked or self._noted_problem() is not None

    def gather(self, asking: Asking, show_progress: ShowProgress) -> Gathered:
        """Gather the evidence, or read it where another process has."""
        try:
            return gather(self._options, self._contract, asking, self._folder, show_progress)
        except Exception as error:
            self._note_problem(error)
            raise

    def judged(self, gathered: Gathered) -> Run:
        """Judge what was gathered, once in a process."""
        if self.result is None:
            try:
                self.result = self._judge(gathered, interrupted=False)
            except Exception as error:
                self._note_problem(error)
                raise
        return self.result

    def conclude(self, *, interrupted: bool, failed: bool, problem: Problem | None = None) -> Run:
        """Judge what there is, write the reports, and return the run, whose exit code they say.

        `problem` is what pytest saw go wrong, `failed` says that an item failed. Never raises for an error
        of the judge or of a disk: that is the problem of the run then.
        """
        asked = self._folder.was_asked
        gathered = self._folder.read() if asked else nothing_gathered(self._options, self._contract, self._started)
        problem = self._noted_problem() or problem
        try:
            run = self._judge(gathered, interrupted=interrupted, problem=problem)
            if failed and not _is_explained(run):
                # A test of the user's own is never green for the verdicts; nor does it accuse the vendor.
                code = exit_codes.ENVIRONMENT if self._is_embedded or not run.complete else exit_codes.FAILED
                run = replace(run, problem=(code, "a test that is no clause failed"))
            return self._report(run)
        except Exception as error:
            if self._options.debug:
                traceback.print_exception(error)
            problem = problem or (exit_code_of(error), line_of(error))
            stopped = replace(gathered.circumstances, stopped=BROKEN_OFF)
            kept = replace(gathered, circumstances=stopped)
            return self._report(self._judge(kept, interrupted=interrupted, problem=problem, judges=False))

    def conclude_with(self, error: OSError) -> Run:
        """Return the run with one more problem, and write its reports again: they say how the process ends."""
        assert self.result is not None, "a run was concluded"
        return self._report(replace(self.result, problem=self.result.problem or (exit_code_of(error), line_of(error))))

    def _judge(
        self, gathered: Gathered, *, interrupted: bool, problem: Problem | None = None, judges: bool = True
    ) -> Run:
        return judge_run(
            self._options,
            self._contract,
            gathered,
            interrupted=interrupted,
            today=datetime.now(UTC).date(),
            problem=problem,
            judges=judges,
        )

    def _note_problem(self, error: Exception) -> None:
        if self._noted_problem() is None:
            self._problem = (exit_code_of(error), line_of(error))
            self._folder.note_problem(self._problem)
            if self._options.debug:
                traceback.print_exception(error)

    def _noted_problem(self) -> Problem | None:
        if self._problem is None:
            self._problem = self._folder.noted_problem()
        return self._problem

    def _report(self, run: Run) -> Run:
        """Write the reports of a run, and return it, with the problem that one of them could not be written."""
        self.result = run
        problems = self._write(run)
        if problems and run.problem is None:
            # Those that can be written must say the code that the process ends with.
            self.result = replace(run, problem=(exit_code_of(problems[0]), line_of(problems[0])))
            self._write(self.result)
        return self.result

    def _write(self, run: Run) -> tuple[OSError, ...]:
        return write_reports(run, self._contract, self.reports, page=self._page(run), of_pytest=self._of_pytest())


def _is_explained(run: Run) -> bool:
    """Whether the verdicts say why an item failed."""
    return bool(unwaived_failures(run) or run.environment_error or run.problem)


def gather(
    options: Options, contract: Contract, asking: Asking, folder: EvidenceFolder, show_progress: ShowProgress
) -> Gathered:
    """Hold the conversation, or read it where another process of the run has held it.

    An error of ours or of the machine ends the asking, not the run: what was gathered until then is evidence.
    """
    with folder.lock():
        if not folder.was_asked:
            _hold(options, contract, asking, folder, show_progress)
    return folder.read()


def _hold(
    options: Options, contract: Contract, asking: Asking, folder: EvidenceFolder, show_progress: ShowProgress
) -> None:
    corpus = load_corpus(contract, seed=options.seed, max_examples=options.max_examples)
    plan = plan_of(contract, corpus.cases, asking)
    with open_target(options) as here, folder.open_exchanges() as keep:
        started, clock = datetime.now(UTC), time.monotonic()
        problem: Problem | None = None
        with open_conversation(here, contract, plan, show_progress=show_progress, keep=keep) as opened:

            def write(*, ended: bool) -> None:
                facts = {
                    "ended": ended,
                    "problem": problem,
                    "corpus_sha256": corpus.sha256,
                    "started": started.isoformat(),
                    "duration_s": time.monotonic() - clock,
                }
                folder.write_facts(facts_of(here, contract, plan, opened) | facts)

            # Before the first message leaves: whoever is stopped after it leaves something to be judged by.
            opened.evidence.stopped = BROKEN_OFF
            write(ended=False)
            opened.evidence.stopped = None
            try:
                opened.conversation.hold()
            except KeyboardInterrupt:
                opened.evidence.stopped = "interrupted"
                raise
            except Exception as error:
                # What an error says of a request may hold a credential.
                line = opened.client.scrubbed(line_of(error))
                if options.debug:
                    print(opened.client.scrubbed("".join(traceback.format_exception(error))), file=sys.stderr)
                opened.evidence.stopped = line
                problem = (exit_code_of(error), line)
            finally:
                # Where a full disk takes no more, what was written at first still stands.
                with suppress(OSError):
                    write(ended=True)


def judge_run(
    options: Options,
    contract: Contract,
    gathered: Gathered,
    *,
    interrupted: bool,
    today: date,
    problem: Problem | None = None,
    judges: bool = True,
) -> Run:
    """Judge what was gathered; the same in every process that reads the same evidence.

    `problem` is what went wrong beside the asking. Without `judges` the exchanges are kept, and none of them is judged.
    """
    about = gathered.about
    nothing_to_judge = about["environment_error"] or not judges
    judged = judge(contract, gathered.account, () if nothing_to_judge else gathered.exchanges)
    waivers, problems = _waivers(options, today)
    # A waived failure still explains what rests on it: a waiver changes what gates, and no verdict.
    found = verdicts(contract, judged, gathered.circumstances)
    known = {name: load_contract(name).clauses for name in provider_names()} if waivers else {}
    laid = overlay(waivers, contract, known, about["name"], found, gathered.exchanges, today)
    return Run(
        provider=contract.provider.name,
        title=contract.provider.title,
        kind=about["kind"],
        base_url=about["base_url"],
        name=about["name"],
        version=sendproof.__version__,
        contract_sha256=contract.sha256,
        corpus_sha256=about["corpus_sha256"],
        seed=options.seed,
        started=datetime.fromisoformat(about["started"]),
        duration_s=about["duration_s"],
        complete=about["complete"] and not interrupted and not _is_short(found),
        left_out=about["left_out"],
        strict=options.strict,
        require_complete=options.require_complete,
        requests=about["traffic"]["requests"],
        accepted=about["traffic"]["accepted"],
        credits=_credits(contract, judged.judgements),
        exchanges=gathered.exchanges,
        judgements=judged.judgements,
        verdicts=found,
        waived=laid.live,
        waiver_errors=(*problems, *laid.errors),
        withheld=MappingProxyType(dict(about["withheld"])),
        environment_error=about["environment_error"],
        variables=MappingProxyType({(key, part): name for key, part, name in about["variables"]}),
        pseudonyms=tuple(Pseudonym(**item) for item in about["stand_ins"]),
        notes=(*_standing(contract), *about["notes"], *laid.notes),
        interrupted=interrupted,
        not_waived=laid.others,
        problem=gathered.problem or problem,
    )


def _is_short(found: Iterable[Verdict]) -> bool:
    """Whether the budget was too small for a required clause: what was left out of others made no run incomplete."""
    return any(item.clause.level == "required" and item.reason == ReasonCode.BUDGET for item in found)


def _waivers(options: Options, today: date) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """Read the waivers; what has become of a file that was right at the start costs no evidence."""
    try:
        return read_waivers(options.waivers, today), ()
    except UsageError as error:
        return (), (str(error),)


def _credits(contract: Contract, judgements: Sequence[Judgement]) -> int | None:
    prices = contract.provider.prices
    if not prices:
        return None
    accepted = [item for item in judgements if item.outcome == ACCEPTED]
    # A retry is answered with the id of its message, which is paid for once.
    messages = {message_id(contract, item) or item.exchange.id: item for item in accepted}
    return sum(prices["mms" if item.analysis.has_media else "sms"] for item in messages.values())


def _standing(contract: Contract) -> Iterator[str]:
    """Yield what a reader has to know of the pack itself."""
    if standing := contract.provider.standing:
        yield f"the pack of {contract.provider.title} was {standing}: what it says is wrong may be its reading"
