"""What the faults of TextingLine are made of."""

from collections.abc import Callable
from dataclasses import replace

from sendproof.mock.endpoint import Hook
from sendproof.mock.faults.edits import (
    Edit,
    after_step,
)
from sendproof.mock.faults.fault_model import Change, Fault
from sendproof.mock.textingline import (
    Reason,
    Rules,
    Step,
)


def fault(name: str, summary: str, origin: str, change: Change[Rules], *clauses: str) -> Fault[Rules]:
    """Return a fault of this service."""
    return Fault(
        name=name,
        provider="textingline",
        summary=summary,
        origin=origin,
        change=change,
        clauses=clauses,
    )


def accepted(edit: Edit) -> Change[Rules]:
    """Edit what an accepted message is answered with."""
    return lambda r: replace(r, accepted_edits=(*r.accepted_edits, edit))


def refused(edit: Edit) -> Change[Rules]:
    """Edit what a refusal is answered with."""
    return lambda r: replace(r, refused_edits=(*r.refused_edits, edit))


def after(hook: Hook) -> Change[Rules]:
    """Change every answer."""
    return lambda r: replace(r, http=replace(r.http, after=(*r.http.after, hook)))


def without_step(step: Callable[..., None]) -> Change[Rules]:
    """Leave a step out."""
    return lambda r: replace(r, steps=tuple(known for known in r.steps if known is not step))


def code(reason: Reason, code: int) -> Change[Rules]:
    """Give a reason another code."""
    return lambda r: replace(r, refusals={**r.refusals, reason: replace(r.refusals[reason], code=code)})


def prepared(edit: Edit) -> Change[Rules]:
    """Edit the document before it is looked at."""
    return lambda r: replace(r, prepare=lambda document: edit(dict(document)))


def with_step(known: Step, added: Step) -> Change[Rules]:
    """Add a step after one that is known."""
    return lambda r: replace(r, steps=after_step(r.steps, known, added))


def instead_of_step(known: Step, other: Step) -> Change[Rules]:
    """Take another step in place of one."""
    return lambda r: replace(r, steps=tuple(other if step is known else step for step in r.steps))
