"""What the faults of TextFlow are made of."""

import re
from collections.abc import Callable
from dataclasses import replace

from sendproof.mock.accounts import TextflowKey
from sendproof.mock.faults.edits import (
    Edit,
    after_step,
    within,
)
from sendproof.mock.faults.fault_model import Change, Fault
from sendproof.mock.textflow import (
    Attempt,
    Reason,
    Rules,
    Service,
    Step,
    normalize,
)
from sendproof.mock.throttle import FixedWindow, own_limit, own_window


def fault(name: str, summary: str, origin: str, change: Change[Rules], *clauses: str) -> Fault[Rules]:
    """Return a fault of this service."""
    return Fault(
        name=name,
        provider="textflow",
        summary=summary,
        origin=origin,
        change=change,
        clauses=clauses,
    )


def accepted(edit: Edit) -> Change[Rules]:
    """Edit what an accepted message is answered with."""
    return lambda r: replace(r, accepted_edits=(*r.accepted_edits, edit))


def data(edit: Edit) -> Change[Rules]:
    """Edit the data of an accepted message."""
    return accepted(within("data", edit))


def refused(edit: Edit) -> Change[Rules]:
    """Edit what a refusal is answered with."""
    return lambda r: replace(r, refused_edits=(*r.refused_edits, edit))


def error(reason: Reason, **changes: object) -> Change[Rules]:
    """Put a reason differently; the changes are fields of the refusal."""
    return lambda r: replace(
        r,
        refusals={**r.refusals, reason: replace(r.refusals[reason], **changes)},  # type: ignore[arg-type]  # any field
    )


def without_step(step: Callable[..., None]) -> Change[Rules]:
    """Leave a step out."""
    return lambda r: replace(r, steps=tuple(known for known in r.steps if known is not step))


def instead_of_step(step: Callable[..., None], other: Callable[[Service, Attempt], None]) -> Change[Rules]:
    """Take another step in place of one."""
    return lambda r: replace(r, steps=tuple(other if known is step else known for known in r.steps))


def numbers(normalizer: Callable[[str], str | None]) -> Change[Rules]:
    """Normalize recipients in another way."""
    return lambda r: replace(r, normalize=normalizer)


def throttled(
    *,
    limit_of: Callable[[TextflowKey], int | None] = own_limit,
    window_of: Callable[[TextflowKey], float] = own_window,
    bucket_of: Callable[[TextflowKey], str] = lambda key: key.value,
) -> Change[Rules]:
    """Count requests in another way."""
    return lambda r: replace(
        r, throttle=lambda: FixedWindow(limit_of=limit_of, window_of=window_of, bucket_of=bucket_of)
    )


def limit_plus(difference: int) -> Callable[[TextflowKey], int | None]:
    """Move the limit of each key that has one."""
    return lambda key: None if key.limit_per_window is None else key.limit_per_window + difference


def refusing(pattern: str) -> Callable[[str], str | None]:
    """Normalize all spellings but those that match."""
    return lambda spelling: None if re.search(pattern, spelling) else normalize(spelling)


def echoing(pattern: str) -> Callable[[str], str | None]:
    """Normalize all spellings but those that match, and leave those as they are."""
    return lambda spelling: spelling if re.fullmatch(pattern, spelling) else normalize(spelling)


def prepared(edit: Edit) -> Change[Rules]:
    """Edit the document before it is looked at."""
    return lambda r: replace(r, prepare=lambda document: edit(dict(document)))


def with_step(known: Step, added: Step) -> Change[Rules]:
    """Add a step after one that is known."""
    return lambda r: replace(r, steps=after_step(r.steps, known, added))
