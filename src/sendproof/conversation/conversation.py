"""One conversation with one target: what is asked, in which order, and when nothing more is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from sendproof.contract.model import Contract
from sendproof.conversation.answers import has_failed, is_accepted
from sendproof.conversation.asker import Asker, AskingStopped, Sender, ShowProgress
from sendproof.conversation.evidence import Evidence
from sendproof.conversation.plan import CONTROLS, Plan, is_open, open_cases
from sendproof.conversation.preflight import diagnosis
from sendproof.conversation.scenarios import STANDS_FOR, Scenarios
from sendproof.corpus.case import Case
from sendproof.exchange import Exchange
from sendproof.target.budget import BudgetSpent, TimeLimit
from sendproof.target.pacing import RunClock
from sendproof.target.profile import Profile

# So many valid messages are tried before a target is given up: a single one may be refused for its text.
_PREFLIGHT_ATTEMPTS = 4
# After these nothing of any kind may be asked.
_ENDING = ("max_requests", "max_duration_s")
# What was put off is asked when so many others have been asked: an outage is mostly over by then.
_MEANWHILE = 12
# Before the budget is spent: one request for what was put off, one for the last message of all.
_KEPT_FOR_THE_LAST = 1
_KEPT = 1 + _KEPT_FOR_THE_LAST


class Conversation:
    """Decides what is asked of a target next, as a plan says, and gathers the evidence.

    Before each case `enough` is asked whether what was gathered suffices. `token` returns 24 letters and digits, unlike
    in every call; `keep` is given each exchange before the next is sent. `share` is how many accepted messages balances
    and limits may take; None: what the plan leaves them.
    """

    def __init__(
        self,
        contract: Contract,
        profile: Profile,
        client: Sender,
        plan: Plan,
        *,
        clock: RunClock,
        token: Callable[[], str],
        show_progress: ShowProgress,
        keep: Callable[[Exchange], None],
        enough: Callable[[Sequence[Exchange]], bool] | None = None,
        time_limit: TimeLimit | None = None,
        share: int | None = None,
    ) -> None:
        self._contract, self._profile, self._client, self._plan = contract, profile, client, plan
        self._enough = enough
        self._asker = Asker(
            contract,
            profile,
            client,
            clock=clock,
            time_limit=time_limit or TimeLimit(),
            token=token,
            show_progress=show_progress,
            keep=keep,
            planned=len(plan.cases),
        )
        self._slots, self._breakers, self._later = self._asker.slots, self._asker.breakers, self._asker.later
        self._scenarios = Scenarios(contract, profile, plan, self._asker, share=share)
        self.evidence: Evidence = self._asker.evidence

    def hold(self) -> Evidence:
        """Ask everything. An interruption leaves what is known so far in `evidence`."""
        last = self._last_message()
        try:
            self._preflight()
            self._scenarios.play()
            if last is not None:
                self._slots.hold(last)
            self._ask_cases(last)
            self._later.ask_the_rest(next(self._controls(), None))
            self._close(last)
            self.evidence.complete = True
        except AskingStopped as stop:
            self.evidence.stopped = str(stop)
        finally:
            spent = () if self.evidence.time_spent is None else (self.evidence.time_spent,)
            self.evidence.notes = (*spent, *self._breakers.report())
        return self.evidence

    def _preflight(self) -> None:
        controls = list(self._controls())[:_PREFLIGHT_ATTEMPTS]
        attempts: list[Exchange] = []
        for case in controls:
            try:
                exchange = self._asker.ask(case)
            except BudgetSpent as spent:
                asked = self.evidence.exchanges
                cause = diagnosis(self._contract, self._profile, asked) if asked else "preflight:"
                self.evidence.environment_error = f"{cause} {spent}"
                raise AskingStopped("the preflight failed") from spent
            if exchange is None:
                continue
            attempts.append(exchange)
            if is_accepted(self._contract.provider, exchange):
                return
            if exchange.response is None:
                break
        if attempts:
            self.evidence.environment_error = diagnosis(self._contract, self._profile, attempts)
        else:
            self.evidence.environment_error = "preflight: no valid message can be made. Check budget and recipients."
        raise AskingStopped("the preflight failed")

    def _ask_cases(self, last: Case | None) -> None:
        asked = {exchange.case for exchange in self.evidence.exchanges} | self._stood_for()
        opened = open_cases(
            self._plan.cases, messages=self._client.messages_allowed, max_requests=self._profile.budget.max_requests
        )
        for place, case in enumerate(self._plan.cases):
            if self._enough is not None and self._enough(self.evidence.exchanges):
                return
            if case.id in asked and case.family == CONTROLS:
                continue
            left = self._profile.budget.max_requests - self._client.traffic.requests
            self._later.ask_due(all_of_it=left <= _KEPT)
            self._later.ask_postponed(later_than=_MEANWHILE)
            if self._breakers.holds_back(case):
                continue
            if case.may_be_accepted and not (self._slots.has_room(case) and (case.id in opened or not is_open(case))):
                self.evidence.budget_spent = f"{self._profile.budget.max_accepted} accepted messages"
                self.evidence.leave_out(case.id, case.clauses)
                continue
            try:
                self._ask_unless_kept(case, left, last)
            except BudgetSpent as spent:
                self.evidence.note_spent(spent)
                self.evidence.leave_out(case.id, case.clauses)
                if spent.setting in _ENDING:
                    self._leave_out_all(self._plan.cases[place + 1 :])
                    return

    def _ask_unless_kept(self, case: Case, left: int, last: Case | None) -> None:
        """Ask a case, or raise `BudgetSpent` where the requests that are left are for the last message of all."""
        if left <= _KEPT_FOR_THE_LAST and last is not None:
            budget = self._profile.budget.max_requests
            raise BudgetSpent("max_requests", budget - left, budget, more=", and one is kept for the last")
        self._asker.ask(case)

    def _leave_out_all(self, cases: Iterable[Case]) -> None:
        for case in cases:
            if not self._breakers.holds_back(case):
                self.evidence.leave_out(case.id, case.clauses)

    def _stood_for(self) -> set[str]:
        """Return the cases that need not be asked, since a scenario had the same message accepted."""
        accepted = {item.case for item in self.evidence.exchanges if is_accepted(self._contract.provider, item)}
        controls = (control for of_one in STANDS_FOR.values() for control in of_one.items())
        return {control for name, control in controls if name in accepted}

    def _controls(self) -> Iterator[Case]:
        """Yield the valid messages that every run asks."""
        return (case for case in self._plan.cases if case.family == CONTROLS)

    def _last_message(self) -> Case | None:
        """Return the message that is sent at the end: without a sender, if that is permitted."""
        provider = self._contract.provider
        sender = provider.fields.get("sender", "").encode()
        bare = (case for case in self._controls() if provider.has_default_sender and b'"%s"' % sender not in case.body)
        return next(bare, next(self._controls(), None))

    def _close(self, last: Case | None) -> None:
        """Send one valid message at the end: if it is accepted, the key was good all along.

        It leaves out the sender, if it may: the default one is to be the same as at the beginning. If no slot is left,
        something that is refused shows that the target still answers.
        """
        if last is not None:
            self._slots.give_back(last)
        refused = self._asker.last_refused
        if last is not None and self._slots.has_room(last):
            try:
                self._asker.ask(last)
            except BudgetSpent as spent:
                self.evidence.note_spent(spent)
        elif refused is not None and has_failed(self._contract.provider, self.evidence.exchanges[-1]):
            with suppress(BudgetSpent):
                self._asker.ask_once(refused)
