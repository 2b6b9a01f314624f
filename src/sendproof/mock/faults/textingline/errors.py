"""Faults of TextingLine: refusals."""

from dataclasses import replace
from typing import Final

from sendproof.mock.faults.edits import (
    when,
    within,
    without,
)
from sendproof.mock.faults.textingline.kit import code, fault, refused
from sendproof.mock.http_messages import Document
from sendproof.mock.textingline import Reason

_DOCUMENTED: Final = (33004, 33009, 33016, 33019, 33023)


def _of_the_framework(document: Document) -> Document:
    return {"timestamp": "2026-11-26T10:33:04.330Z", "status": 400, "path": "/api/v1/messaging/message"}


FAULTS: Final = (
    fault(
        "unassigned-as-inactive",
        "A foreign sender is refused with 33009.",
        "One query looks for assigned and active numbers.",
        code(Reason.SENDER_UNASSIGNED, 33009),
        "tl.errors.code-unassigned-sender",
    ),
    fault(
        "inactive-as-unassigned",
        "An inactive sender is refused with 33004.",
        "One query looks for assigned and active numbers.",
        code(Reason.SENDER_INACTIVE, 33004),
        "tl.errors.code-inactive-sender",
    ),
    fault(
        "noncompliant-as-unsupported",
        "A noncompliant body is refused with 33016.",
        "Two content filters share an error.",
        code(Reason.NONCOMPLIANT, 33016),
        "tl.errors.code-compliance",
    ),
    fault(
        "unsupported-as-noncompliant",
        "An unsupported body is refused with 33019.",
        "Two content filters share an error.",
        code(Reason.UNSUPPORTED, 33019),
        "tl.errors.code-unsupported",
    ),
    fault(
        "no-credits-code-33024",
        "A short balance is refused with 33024.",
        "The table of codes was renumbered.",
        code(Reason.NO_CREDITS, 33024),
        "tl.errors.code-credits",
    ),
    fault(
        "error-without-code",
        "Errors have no code.",
        "The codes were added to the documents first.",
        refused(within("error", without("code"))),
        "tl.errors.code-where-due",
    ),
    fault(
        "bad-sender-answered-302",
        "A sender that cannot be used is answered 302.",
        "A page to buy numbers is offered.",
        lambda r: replace(
            r,
            refusals={
                reason: replace(refusal, status=302) if refusal.code in (33004, 33009) else refusal
                for reason, refusal in r.refusals.items()
            },
        ),
        "tl.errors.fault-is-4xx",
    ),
    fault(
        "too-long-answered-failed-unknown",
        "A body that is too long is answered 201, failed, for an unknown cause.",
        "The limit is checked behind the API, and its error not mapped.",
        lambda r: replace(
            r,
            count_characters=lambda body: 0,
            error_type=lambda message: "unknown" if len(message.body or "") > 640 else r.error_type(message),
        ),
        "tl.errors.not-failed-message",
    ),
    fault(
        "form-errors-without-code",
        "Only the documented causes have a code.",
        "The codes were given as they were documented.",
        refused(when(lambda d: d["error"]["code"] not in _DOCUMENTED, within("error", without("code")))),
        "tl.errors.code-present",
    ),
    fault(
        "sender-errors-with-time-in-place-of-code",
        "A sender that cannot be used is refused with a time, a status and a path, and no code.",
        "The framework's own error for it.",
        refused(when(lambda d: d["error"]["code"] in (33004, 33009), _of_the_framework)),
        "tl.errors.code-where-due",
    ),
    fault(
        "bad-number-as-unassigned",
        "A to that is no number is refused with 33004.",
        "One function looks at both numbers.",
        code(Reason.RECIPIENT, 33004),
        "tl.errors.code-misused",
    ),
    fault(
        "no-credits-as-noncompliant",
        "A short balance is refused with 33019.",
        "An account without credits is suspended, and that is a matter of rules.",
        code(Reason.NO_CREDITS, 33019),
        "tl.errors.code-credits",
    ),
)
