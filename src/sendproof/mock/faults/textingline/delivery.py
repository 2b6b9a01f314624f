"""Faults of TextingLine: messages that cannot be delivered."""

from dataclasses import replace
from typing import Final

from sendproof.mock.accounts import ERROR_TYPES
from sendproof.mock.faults.edits import Edit, failed, mapping, setting, when, without
from sendproof.mock.faults.textingline.kit import accepted, fault
from sendproof.mock.textingline import Rules


def _opted_out_is_refused(rules: Rules) -> Rules:
    return replace(rules, accepted_status=lambda record: 400 if record.error_type == "opted_out" else 201)


def _media_to_failing_refused(rules: Rules) -> Rules:
    return replace(rules, accepted_status=lambda record: 400 if record.error_type and record.message.media_url else 201)


def _swap(cause: str, other: str) -> Edit:
    return mapping("errorType", lambda word: other if word == cause else word)


FAULTS: Final = (
    fault(
        "sent-at-when-failed",
        "A failed message has sentAt.",
        "The time of hand-over is stored before the outcome.",
        accepted(when(failed, lambda d: {**d, "sentAt": d["createdAt"]})),
        "tl.delivery.sent-at-absent",
    ),
    fault(
        "sent-at-null-when-failed",
        "A failed message has sentAt: null.",
        "A serializer that writes every member of the model.",
        accepted(when(failed, setting(sentAt=None))),
        "tl.delivery.sent-at-null",
    ),
    fault(
        "error-type-in-capitals",
        "errorType is spelled in capitals.",
        "The enumeration's name is serialized instead of its value.",
        accepted(mapping("errorType", str.upper)),
        "tl.delivery.error-type",
    ),
    fault(
        "error-message-absent",
        "A failed message has no errorMessage.",
        "Empty members are left out, and the text was never filled in.",
        accepted(without("errorMessage")),
        "tl.delivery.error-message",
    ),
    fault(
        "every-failure-unknown",
        "Every failure has errorType unknown.",
        "The provider's codes are not mapped.",
        accepted(when(failed, setting(errorType="unknown"))),
        "tl.delivery.causes-told-apart",
    ),
    fault(
        "failure-status-sent",
        "A failed message has status sent.",
        "The status is written before the provider answers.",
        accepted(when(failed, setting(status="sent"))),
        "tl.delivery.status-failed",
    ),
    fault(
        "opted-out-refused",
        "A recipient who opted out is answered 400.",
        "A local suppression list answers before the message is created.",
        _opted_out_is_refused,
        "tl.delivery.cause-opted-out",
    ),
    fault(
        "every-failure-refused",
        "A message that cannot be delivered is answered 422.",
        "The provider's error is passed on as one of the client.",
        lambda r: replace(r, accepted_status=lambda record: 422 if record.error_type else 201),
        "tl.delivery.accepted",
    ),
    fault(
        "media-that-fails-refused",
        "Media to a recipient that cannot be reached is answered 400.",
        "The service for media answers before the message is created.",
        _media_to_failing_refused,
        "tl.delivery.accepted",
    ),
    fault(
        "error-type-absent",
        "A failed message has no errorType.",
        "Empty members are left out, and the code was never mapped.",
        accepted(without("errorType")),
        "tl.delivery.error-type",
    ),
    fault(
        "error-message-is-a-code",
        "errorMessage is a number of the provider's.",
        "The provider's code is passed through.",
        accepted(mapping("errorMessage", lambda text: "30007")),
        "tl.delivery.error-message",
    ),
    *(
        fault(
            f"{cause.replace('_', '-')}-as-{other.replace('_', '-')}",
            f"The cause {cause} is answered as {other}.",
            "Two neighbours in the table of the provider's codes.",
            accepted(
                when(
                    failed,
                    _swap(cause, other),
                )
            ),
            f"tl.delivery.cause-{cause.replace('_', '-')}",
        )
        for cause, other in zip(ERROR_TYPES, (*ERROR_TYPES[1:], ERROR_TYPES[0]), strict=True)
    ),
    fault(
        "error-message-as-object",
        "errorMessage is an object with a text.",
        "The next version's form.",
        accepted(mapping("errorMessage", lambda text: {"text": text})),
        "tl.delivery.error-message",
    ),
    fault(
        "error-message-undefined",
        "errorMessage is the word undefined.",
        "A value that is not there, made a text.",
        accepted(mapping("errorMessage", lambda text: "undefined")),
        "tl.delivery.error-message",
    ),
    fault(
        "error-message-is-the-type",
        "errorMessage is the errorType once more.",
        "The texts were never written.",
        accepted(when(failed, lambda d: {**d, "errorMessage": d["errorType"].replace("_", " ")})),
        "tl.delivery.error-message-told",
    ),
)
