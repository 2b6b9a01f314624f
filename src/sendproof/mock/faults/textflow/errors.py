"""Faults of TextFlow: refusals."""

from dataclasses import replace
from itertools import count
from typing import Final

from sendproof.mock.accounts import DEFAULT_SENDER
from sendproof.mock.faults.edits import mapping, renaming, setting, without
from sendproof.mock.faults.textflow.kit import error, fault, refused, with_step
from sendproof.mock.textflow import Attempt, Reason, RefusedError, Rules, Service, document_is_readable


def _failing_at_times(rules: Rules) -> Rules:
    seen = count(1)

    def step(service: Service, attempt: Attempt) -> None:
        if attempt.key is service.keys[0] and next(seen) % 11 == 0:
            raise RefusedError(Reason.INTERNAL)

    return replace(rules, steps=(*rules.steps, step))


def _empty_asks_for_the_message(service: Service, attempt: Attempt) -> None:
    if attempt.document.get("to", "none") in (None, ""):
        raise RefusedError(Reason.MESSAGE_MISSING)


FAULTS: Final = (
    fault(
        "key-missing-as-invalid",
        "A missing key is answered like an invalid one.",
        "An absent header is read as the empty key.",
        error(Reason.KEY_MISSING, error="Invalid or inactive API key"),
        "tf.errors.missing-key-text",
    ),
    fault(
        "key-invalid-as-missing",
        "An invalid key is answered like a missing one.",
        "The look-up's empty result and the absent header share a branch.",
        error(Reason.KEY_INVALID, error="API key required"),
        "tf.errors.invalid-key-text",
    ),
    fault(
        "unknown-sender-as-no-numbers",
        "A foreign sender is answered as if the account had no numbers.",
        "The filtered list is empty, and its emptiness is reported.",
        error(Reason.SENDER_UNKNOWN, error="No active phone numbers available"),
        "tf.errors.sender-text",
    ),
    fault(
        "no-numbers-as-bad-sender",
        "An account without numbers is answered as if the sender were bad.",
        "The missing default is looked up like a given number.",
        error(Reason.NO_SENDER, error="Invalid or inactive phone number"),
        "tf.errors.no-numbers-text",
    ),
    fault(
        "recipient-missing-as-invalid",
        "A missing recipient is answered like a malformed one.",
        "An absent member is read as the empty string.",
        error(Reason.RECIPIENT_MISSING, error="Invalid phone number format (must be 10 or 11 digits)"),
        "tf.errors.to-required-text",
    ),
    fault(
        "message-missing-as-recipient",
        "A missing message is answered as a missing recipient.",
        "A copied line.",
        error(Reason.MESSAGE_MISSING, error="Recipient phone number (to) is required"),
        "tf.errors.message-required-text",
    ),
    fault(
        "number-error-without-hint",
        "A malformed number is answered without the hint at its digits.",
        "The text was changed after the documents were written.",
        error(Reason.RECIPIENT_INVALID, error="Invalid phone number format"),
        "tf.errors.to-format-text",
    ),
    fault(
        "success-true-on-error",
        "Errors say success: true.",
        "The envelope is built before the outcome is known.",
        refused(setting(success=True)),
        "tf.errors.success-false",
    ),
    fault(
        "success-absent-on-error",
        "Errors have no success.",
        "Errors are made by another layer.",
        refused(without("success")),
        "tf.errors.success-false",
    ),
    fault(
        "error-as-object",
        "error is an object with a message.",
        "The next version's envelope.",
        refused(mapping("error", lambda text: {"message": text})),
        "tf.errors.error-text",
    ),
    fault(
        "error-in-message",
        "The text of an error stands in message.",
        "One envelope for both outcomes.",
        refused(renaming(error="message")),
        "tf.errors.error-text",
    ),
    fault(
        "data-null-on-error",
        "Errors have data, with a success that is null.",
        "A serializer that writes every member of the model.",
        refused(setting(success=None, data=None)),
        "tf.errors.success-false",
    ),
    fault(
        "faults-answered-409",
        "Faults of the request are answered 409.",
        "One status for whatever the handler raises.",
        lambda r: replace(
            r,
            refusals={
                reason: replace(refusal, status=409)
                if refusal.status == 400 and reason is not Reason.NO_SENDER
                else refusal
                for reason, refusal in r.refusals.items()
            },
        ),
        "tf.errors.fault-400",
    ),
    fault(
        "no-numbers-accepted",
        "An account without numbers sends from a shared one.",
        "A pool of numbers for trials, never switched off.",
        lambda r: replace(r, default_sender=lambda key: key.default or DEFAULT_SENDER),
        "tf.errors.no-numbers",
    ),
    fault(
        "no-numbers-answered-404",
        "An account without numbers is answered 404.",
        "A number was not found.",
        error(Reason.NO_SENDER, status=404),
        "tf.errors.no-numbers-status",
    ),
    fault(
        "no-numbers-without-text",
        "An account without numbers is answered with another text.",
        "The text was changed after the documents were written.",
        error(Reason.NO_SENDER, error="No sender available"),
        "tf.errors.no-numbers-text",
    ),
    fault(
        "internal-error-of-the-framework",
        "An internal error is answered with the framework's own words.",
        "The documented handler is not reached.",
        _failing_at_times,
        "tf.errors.internal-error",
    ),
    fault(
        "error-text-localized",
        "The text of a missing recipient is in Spanish.",
        "The language of the server's account.",
        error(Reason.RECIPIENT_MISSING, error="El número de teléfono del destinatario (to) es obligatorio"),
        "tf.errors.to-required-text",
    ),
    fault(
        "inactive-key-tells",
        "An inactive key is answered with a text of its own.",
        "A kinder text than the documented.",
        error(Reason.KEY_INACTIVE, error="API key is inactive"),
        "tf.errors.invalid-key-text",
    ),
    fault(
        "error-empty",
        "The text of an error is empty.",
        "Texts are looked up in a table that is not deployed.",
        refused(setting(error="")),
        "tf.errors.error-text",
    ),
    fault(
        "message-missing-answered-202",
        "A missing message is answered 202.",
        "Nothing was to be done, it is thought.",
        error(Reason.MESSAGE_MISSING, status=202),
        "tf.errors.status-not-2xx",
    ),
    fault(
        "recipient-empty-as-message",
        "An empty to, or null, is answered as a missing message.",
        "A copied line.",
        with_step(document_is_readable, _empty_asks_for_the_message),
        "tf.errors.to-empty-text",
    ),
    fault(
        "sender-malformed-tells",
        "A malformed from is answered with a text of its own.",
        "A kinder text than the documented.",
        error(Reason.SENDER_INVALID, error="That is no sender"),
        "tf.errors.sender-form-text",
    ),
    fault(
        "message-too-long-as-missing",
        "A message that is too long is answered as a missing one.",
        "One error for whatever is wrong with the text.",
        error(Reason.MESSAGE_TOO_LONG, error="Message content is required"),
        "tf.errors.text-misused",
    ),
)
