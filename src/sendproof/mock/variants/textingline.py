"""What the documents leave open to TextingLine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from sendproof.mock.faults.edits import (
    Edit,
    after_step,
    every,
    is_blank,
    mapping,
    setting,
    step_moved,
    when,
    within,
    without,
    without_nulls,
)
from sendproof.mock.faults.model import Change, Variant
from sendproof.mock.textingline import (
    Attempt,
    Reason,
    RefusedError,
    Rules,
    Service,
    account_is_known,
    content_is_carried,
    fields_are_valid,
    sender_is_active,
)

_SILENT: Final = "The documents do not say."


def _variant(name: str, summary: str, permission: str, change: Change[Rules]) -> Variant[Rules]:
    return Variant(name=name, provider="textingline", summary=summary, permission=permission, change=change)


def _accepted(edit: Edit) -> Change[Rules]:
    return lambda r: replace(r, accepted_edits=(*r.accepted_edits, edit))


def _refused(edit: Edit) -> Change[Rules]:
    return lambda r: replace(r, refused_edits=(*r.refused_edits, edit))


def _statuses(status_of: Callable[[Reason, int], int]) -> Change[Rules]:
    return lambda r: replace(
        r,
        refusals={
            reason: replace(refusal, status=status_of(reason, refusal.status)) for reason, refusal in r.refusals.items()
        },
    )


def _busy(period: int, *headers: tuple[str, str]) -> Change[Rules]:
    """Refuse every so-manieth authenticated request with 429."""

    def step(service: Service, attempt: Attempt) -> None:
        if every(period, attempt.call):
            raise RefusedError(Reason.BUSY, headers)

    return lambda r: replace(r, steps=after_step(r.steps, account_is_known, step))


def _failed_are_free(rules: Rules) -> Rules:
    return replace(rules, charge=lambda record, cost: 0 if record.error_type else cost)


def _seconds(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _microseconds_with_offset(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


VARIANTS: Final = (
    _variant(
        "faults-422",
        "Faults are answered 422.",
        "The documents say only 4xx.",
        _statuses(lambda reason, status: 422 if status == 400 else status),
    ),
    _variant(
        "faults-403",
        "Unusable senders and content are answered 403.",
        "The documents say only 4xx.",
        _statuses(
            lambda reason, status: (
                403
                if reason
                in (
                    Reason.SENDER_UNASSIGNED,
                    Reason.SENDER_INACTIVE,
                    Reason.NONCOMPLIANT,
                    Reason.NO_CREDITS,
                )
                else status
            )
        ),
    ),
    _variant(
        "faults-400",
        "Every fault but authentication is answered 400.",
        "The documents say only 4xx.",
        _statuses(lambda reason, status: 400 if status in (402, 409, 413, 415) else status),
    ),
    _variant(
        "code-as-text",
        "code is a string.",
        "The documents show no error body.",
        _refused(within("error", mapping("code", str))),
    ),
    _variant(
        "more-members",
        "Answers have members of their own.",
        "JSON clients ignore them.",
        lambda r: replace(
            r,
            accepted_edits=(*r.accepted_edits, setting(segments=1, price=None, tags=[])),
            refused_edits=(*r.refused_edits, within("error", setting(details=[]))),
        ),
    ),
    _variant(
        "queued",
        "Accepted messages are queued, without sentAt.",
        "status can be queued.",
        _accepted(
            when(
                lambda d: d["status"] == "sent",
                lambda d: {**without("sentAt")(d), "status": "queued"},
            )
        ),
    ),
    _variant(
        "queued-with-sent-at",
        "Accepted messages are queued, with sentAt.",
        "status can be queued; sentAt is absent only when failed.",
        _accepted(when(lambda d: d["status"] == "sent", setting(status="queued"))),
    ),
    _variant(
        "seconds",
        "Times have no fraction.",
        "ISO 8601 permits any precision.",
        lambda r: replace(r, timestamp=_seconds),
    ),
    _variant(
        "microseconds-with-offset",
        "Times have microseconds and a numeric offset.",
        "ISO 8601 permits any precision and offset.",
        lambda r: replace(r, timestamp=_microseconds_with_offset),
    ),
    _variant(
        "body-before-authentication",
        "The body is judged before the credentials.",
        _SILENT,
        lambda r: replace(r, steps=step_moved(r.steps, account_is_known, fields_are_valid)),
    ),
    _variant(
        "content-before-sender",
        "Content is judged before the sender.",
        _SILENT,
        lambda r: replace(r, steps=step_moved(r.steps, sender_is_active, content_is_carried)),
    ),
    _variant("busy", "Now and then a request is answered 429.", "RFC 6585, 4.", _busy(17)),
    _variant(
        "busy-with-retry-after",
        "Now and then a request is answered 429 with Retry-After.",
        "RFC 6585, 4.",
        _busy(17, ("Retry-After", "1")),
    ),
    _variant("failed-free", "Failed messages cost nothing.", _SILENT, _failed_are_free),
    _variant(
        "body-absent-in-mms",
        "An MMS without text is answered without body.",
        _SILENT,
        _accepted(when(lambda d: d["body"] == "", without("body"))),
    ),
    _variant(
        "body-null-in-mms",
        "An MMS without text is answered with body null.",
        _SILENT,
        _accepted(when(lambda d: d["body"] == "", setting(body=None))),
    ),
    _variant(
        "media-url-echoed",
        "Answers always have mediaUrls.",
        "JSON clients ignore them.",
        _accepted(setting(mediaUrls=[])),
    ),
    _variant(
        "null-is-absent",
        "Members that are null count as absent.",
        _SILENT,
        lambda r: replace(r, prepare=without_nulls),
    ),
    _variant(
        "nul-refused",
        "A text with U+0000 is refused.",
        "Many stores cannot hold it.",
        lambda r: replace(r, body_is_missing=lambda body: body == "" or "\x00" in body),
    ),
    _variant(
        "blank-refused",
        "A body of white space alone is missing.",
        _SILENT,
        lambda r: replace(r, body_is_missing=is_blank),
    ),
)
