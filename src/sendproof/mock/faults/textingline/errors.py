"""Faults of TextingLine: refusals."""

from dataclasses import replace
from typing import Final

from sendproof.mock.faults.edits import (
    within,
    without,
)
from sendproof.mock.faults.textingline.kit import code, fault, refused
from sendproof.mock.textingline import Reason, is_e164

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
        "tl.errors.code-present",
    ),
    fault(
        "too-long-answered-failed",
        "A body that is too long is answered 201 with status failed.",
        "The limit is checked behind the API.",
        lambda r: replace(
            r,
            count_characters=lambda body: 0,
            error_type=lambda message: "invalid_content" if len(message.body or "") > 640 else r.error_type(message),
        ),
        "tl.errors.not-failed-message",
    ),
    fault(
        "bad-number-answered-failed",
        "A to that is no number is answered 201 with status failed.",
        "The number is looked up behind the API.",
        lambda r: replace(
            r,
            recipient_is_valid=lambda value: isinstance(value, str) and value != "",
            error_type=lambda message: r.error_type(message) if is_e164(message.to) else "invalid_destination",
        ),
        "tl.errors.not-failed-message",
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
)
