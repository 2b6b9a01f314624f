"""The catalogue of faults: name, provider, and the documented promise that is broken."""

from __future__ import annotations

TEXTINGLINE, TEXTFLOW = "textingline", "textflow"

_TEXTINGLINE = {
    "tl-secret-prefix": "auth: only the exact key secret authenticates; here a truncated secret (8 or more of its "
    "first characters) does too",
    "tl-key-id-alone": "auth: key id and secret must belong together; here any account's secret opens any key id",
    "tl-body-limit-bytes": "requests: body may have up to 640 characters; here 640 UTF-8 bytes",
    "tl-mms-body-unlimited": "requests: body has at most 640 characters; here not so when mediaUrl is given",
    "tl-e164-loose-digits": "requests: to is in E.164 format; here a trailing newline and non-ASCII digits pass",
    "tl-plus-optional": "requests: to and from are in E.164 format; here to without its leading + is accepted",
    "tl-id-repeats": "responses: id is unique; here every 12th message repeats the id before it",
    "tl-sent-at-null": "responses: sentAt is absent when status is failed; here it is present as null",
    "tl-echo-trimmed": "responses: body is the text that was sent; here surrounding white space is trimmed from it",
    "tl-routing-neighbour": "delivery: errorType names the failure; here routing_error is reported as provider_error",
    "tl-failed-is-422": "delivery: a message the provider cannot deliver is a 201 with status failed; here a "
    "destination_blocked one is a 422 (with the same document)",
    "tl-inactive-neighbour": "errors: a sender not in an active state is 33009; here 33004",
    "tl-compliance-mms": "errors: a message against compliance rules is 33019; here the text of an MMS is not read",
    "tl-idempotency-race": "idempotency: retries with one key send once; here concurrent ones each send, because "
    "the loop runs others between look-up and insertion",
    "tl-idempotency-sms-only": "idempotency: one key sends once; here the key of an MMS is not remembered",
    "tl-replay-charged": "credits/idempotency: a message is charged once; here each replay takes its price again",
    "tl-credits-boundary": "credits: a balance equal to the price suffices; here it must be greater",
    "tl-mms-price": "credits: an MMS costs 3 credits (2 SMS credits + 1 MMS credit); here 2",
    "tl-refused-charged": "credits: a message consumes credits; here one refused for its content consumes them too",
    "tl-surrogate-500": "robustness: a bad request is a request-level 4xx; here an unpaired surrogate in body is a 500",
}

_TEXTFLOW = {
    "tf-key-suffix": "auth: only a valid key is let in; here a valid key followed by other characters is too",
    "tf-bearer": "auth: the key is in the X-API-Key header; here it is also read from Authorization: Bearer",
    "tf-inactive-key": "auth: an inactive key is refused with 'Invalid or inactive API key'; here it sends",
    "tf-test-key-refused": "auth: test keys (sk_test_*) send test messages; here only sk_live_ keys are known",
    "tf-limit-ten-segments": "requests: message may have 1,600 characters of any kind; here ten segments, so 700 "
    "when a character is outside GSM-7",
    "tf-limit-1601": "requests: message has at most 1,600 characters; here 1,601 pass",
    "tf-last-ten-digits": "requests: to has 10 or 11 digits; here longer numbers pass, cut to their last ten digits",
    "tf-success-text": "responses: success is a boolean; here the text 'true' when from was given",
    "tf-id-per-second": "responses: messageId is unique; here messages to one recipient within a second share it",
    "tf-plus-kept": "normalization: to is answered in E.164; here a to that begins with + keeps its formatting",
    "tf-from-verbatim": "normalization: all phone numbers may be given in any format; here from must be E.164 already",
    "tf-sticky-sender": "delivery: without from the default number is used; here the one used last",
    "tf-inactive-sender": "delivery: from must be an active number of the account; here an inactive one sends",
    "tf-missing-to-text": "errors: a missing to is 'Recipient phone number (to) is required'; here the format error",
    "tf-no-numbers-409": "errors: no active phone numbers is a 400; here a 409",
    "tf-daily-text": "rate limits: the daily limit is 'Daily message limit reached'; here 'Too many requests'",
    "tf-window-never-ends": "rate limits: after the wait the key may send again; here never once it was refused",
    "tf-rate-off-by-one": "rate limits: at most the plan's number of requests per window; here one more",
    "tf-number-to-500": "robustness: an invalid to is a 400; here a JSON number as to is a 500",
    "tf-not-an-object-500": "robustness: a body that is JSON but not an object is refused with 4xx; here a 500",
}

FAULTS: dict[str, tuple[str, str]] = {
    **{name: (TEXTINGLINE, promise) for name, promise in _TEXTINGLINE.items()},
    **{name: (TEXTFLOW, promise) for name, promise in _TEXTFLOW.items()},
}
