"""Name the faults that the servers can be started with."""

from typing import Final

TEXTINGLINE: Final = "textingline"
TEXTFLOW: Final = "textflow"

_LINE: Final[dict[str, str]] = {
    "secret-case-folded": "auth: the key secret is a password; one in another letter case is a wrong one",
    "secret-compared-by-zip": "auth: the whole secret has to match, not just as far as the shorter of the two reaches",
    "body-limit-early": "requests: a body of exactly 640 characters is allowed",
    "body-limit-in-bytes": "requests: the 640 are characters, so 640 emojis fit, whatever their bytes",
    "mms-body-required": "requests: body is optional for MMS when mediaUrl is provided",
    "plus-optional": "normalization: to is a number in E.164 format; one without the plus is none",
    "body-html-escaped": "responses: body is the message text that was sent, with its <, & and quotes as they were",
    "body-composed": "responses: body is the message text that was sent, decomposed accents included",
    "created-at-spaced": "responses: createdAt is an ISO 8601 timestamp, with a T between date and time",
    "sent-with-null-error": "responses: errorType and errorMessage are present only when status is failed",
    "failed-with-null-sent-at": "delivery: sentAt is absent when status is failed",
    "geographic-as-http-error": "delivery: what cannot be delivered is a 201 with status failed, for every errorType",
    "inactive-as-unassigned": "errors: a from number that is assigned but not active is 33009, not 33004",
    "idempotency-race": "idempotency: a key prevents duplicate sends, also when the retry overtakes the first answer",
    "idempotency-last-key": "idempotency: a key prevents duplicate sends, also when other keys were used in between",
    "replay-charged": "idempotency: a retry with the same key is no second message and consumes no credits",
    "credits-race": "credits: messages beyond the balance are rejected with 33023, also when they arrive together",
    "credits-exact-refused": "credits: a balance that just covers the message is sufficient",
    "mms-priced-as-sms": "credits: an MMS consumes 2 SMS credits and 1 MMS credit",
    "refusal-charged": "credits: a message consumes credits; a request rejected for its content is no message",
    "line-surrogate-crash": "robustness: a body with a lone surrogate is a bad request, not an internal error",
}

_FLOW: Final[dict[str, str]] = {
    "key-case-folded": "auth: the API key has to be a valid one; in another letter case it is not",
    "inactive-key-accepted": "auth: an inactive API key is refused with 'Invalid or inactive API key'",
    "test-key-refused": "auth: a test key (sk_test_*) can be used to send test messages",
    "message-limit-early": "requests: a message of exactly 1,600 characters is allowed",
    "emoji-as-bytes": "requests: the 1,600 are characters, so 1,600 emojis fit, whatever their bytes",
    "sender-left-as-given": "normalization: all phone numbers are normalized to E.164, from as well as to",
    "extra-digits-trimmed": "normalization: a number of more than 11 digits has an invalid format",
    "id-by-the-second": "responses: messageId is unique, also for two messages to one number within a second",
    "queued-called-pending": "responses: the status is one of queued, sent, delivered and failed",
    "default-is-first": "delivery: without from, the account's default number sends, not the first in its list",
    "inactive-sender-replaced": "delivery: from must be an active number; another is refused, not replaced",
    "absent-recipient-misnamed": "errors: without to, the error is 'Recipient phone number (to) is required'",
    "error-as-object": "errors: error is a string, also when the message is missing",
    "no-numbers-as-404": "errors: 'No active phone numbers available' comes with 400",
    "daily-limit-as-403": "rate limits: 'Daily message limit reached' comes with 429",
    "rate-limit-early": "rate limits: a key may send as many messages a minute as its plan says, not one fewer",
    "rate-window-doubled": "rate limits: after the documented wait a limited key may send again",
    "rate-window-shared": "rate limits: one key's spent minute does not hold up other keys",
    "rate-race": "rate limits: no more messages than the limit get through, also when they arrive together",
    "four-byte-crash": "robustness: all UTF-8 characters are supported, those of four bytes too",
    "flow-surrogate-crash": "robustness: a message with a lone surrogate is a bad request, not an internal error",
    "html-for-bad-json": "robustness: every answer is JSON with a success field, also to a body that is not JSON",
}

FAULTS: Final[dict[str, tuple[str, str]]] = {
    **{name: (TEXTINGLINE, promise) for name, promise in _LINE.items()},
    **{name: (TEXTFLOW, promise) for name, promise in _FLOW.items()},
}
"""Fault name to provider and the promise that it breaks."""
