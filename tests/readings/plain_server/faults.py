"""The deviations the server can be started with: each breaks one documented promise."""

from typing import Final

TEXTINGLINE: Final = "textingline"
TEXTFLOW: Final = "textflow"

FAULTS: Final[dict[str, tuple[str, str]]] = {
    # auth
    "tl-secret-nocase": (TEXTINGLINE, "only the key's own secret, letter for letter, authenticates a request"),
    "tl-secret-varchar": (TEXTINGLINE, "the whole secret is compared, not its first sixteen characters alone"),
    # requests
    "tl-body-limit-in-bytes": (TEXTINGLINE, "body holds up to 640 characters, whatever bytes they take"),
    "tl-mms-needs-body": (TEXTINGLINE, "body is optional for MMS when mediaUrl is provided"),
    "tl-sender-state-forgotten": (TEXTINGLINE, "from must be an active number of the account"),
    # responses
    "tl-body-varchar-600": (TEXTINGLINE, "a body of up to 640 characters is the body of the message, uncut"),
    "tl-date-not-iso": (TEXTINGLINE, "createdAt and sentAt are ISO 8601 timestamps"),
    "tl-local-time-as-utc": (TEXTINGLINE, "createdAt is the moment at which the message was created"),
    "tl-error-members-null": (TEXTINGLINE, "errorType and errorMessage are present only when status is failed"),
    # delivery
    "tl-failed-sent-at": (TEXTINGLINE, "sentAt is absent when status is failed"),
    "tl-failed-as-200": (TEXTINGLINE, "an accepted message that cannot be delivered is answered with 201"),
    "tl-error-type-varchar-20": (TEXTINGLINE, "errorType is one of the documented values (geographic_restriction)"),
    # errors
    "tl-inactive-as-unassigned": (TEXTINGLINE, "a from number that is not in an active state is error 33009"),
    "tl-compliance-as-characters": (TEXTINGLINE, "a message that violates compliance rules is error 33019"),
    # idempotency
    "tl-idempotency-replace": (TEXTINGLINE, "a retry with the same idempotencyKey sends nothing a second time"),
    "tl-idempotency-race": (TEXTINGLINE, "retries with one idempotencyKey at the same moment send one message"),
    "tl-idempotency-like": (TEXTINGLINE, "another idempotencyKey (another case, _ for -) is another message"),
    "tl-idempotency-varchar": (TEXTINGLINE, "idempotency keys that differ after 36 characters are different keys"),
    # credits
    "tl-credits-exact-refused": (TEXTINGLINE, "a balance of exactly the price is sufficient"),
    "tl-credits-mms-as-sms": (TEXTINGLINE, "an MMS consumes 3 credits"),
    "tl-credits-retry-charged": (TEXTINGLINE, "a retry sends no message and so consumes no credits"),
    "tl-credits-race": (TEXTINGLINE, "messages sent at the same moment never spend more than the balance"),
    # robustness
    "tl-surrogate-500": (TEXTINGLINE, "a body that cannot be sent is a request error, never an internal one"),
    # auth
    "tf-key-nocase": (TEXTFLOW, "only a valid API key, letter for letter, is let in"),
    "tf-key-like": (TEXTFLOW, "an API key is compared, not used as a pattern with % and _"),
    "tf-inactive-key": (TEXTFLOW, "an inactive API key is refused"),
    "tf-test-key-refused": (TEXTFLOW, "a test API key (sk_test_*) sends test messages"),
    # requests
    "tf-message-utf8mb3": (TEXTFLOW, "all UTF-8 characters including emojis are supported"),
    "tf-message-utf16-limit": (TEXTFLOW, "message holds up to 1,600 characters, emojis counted as one"),
    "tf-message-1601": (TEXTFLOW, "message is no longer than 1,600 characters"),
    "tf-default-sender-first": (TEXTFLOW, "without from, the default phone number of the account is used"),
    # responses
    "tf-default-from-null": (TEXTFLOW, "data.from is the sender in E.164, also when from was omitted"),
    "tf-status-unknown": (TEXTFLOW, "data.status is one of queued, sent, delivered, failed"),
    # normalization
    "tf-to-as-given": (TEXTFLOW, "data.to is in E.164, however the recipient was written"),
    "tf-from-not-normalized": (TEXTFLOW, "all phone numbers, from included, are normalized before sending"),
    "tf-plus-one-twice": (TEXTFLOW, "eleven digits are a number with its country code already"),
    "tf-last-ten-digits": (TEXTFLOW, "a recipient has 10 or 11 digits; longer ones are refused, not cut"),
    # errors
    "tf-no-numbers-neighbour": (TEXTFLOW, "without active numbers the error is No active phone numbers available"),
    "tf-inactive-sender-neighbour": (TEXTFLOW, "an inactive sender is Invalid or inactive phone number"),
    "tf-message-missing-neighbour": (TEXTFLOW, "a missing message is Message content is required"),
    # rate limits
    "tf-minute-one-late": (TEXTFLOW, "no more messages a minute than the plan allows"),
    "tf-minute-window-long": (TEXTFLOW, "after the documented wait the key may send again"),
    "tf-minute-success-missing": (TEXTFLOW, "every answer has success; false when rate-limited"),
    "tf-daily-403": (TEXTFLOW, "the daily limit is answered with 429"),
    # robustness
    "tf-array-500": (TEXTFLOW, "JSON that is not an object is a request error, never an internal one"),
}


def check(provider: str, fault: str | None) -> None:
    """Raise `ValueError` unless the provider exists and the fault, if any, is one of its own."""
    if provider not in (TEXTINGLINE, TEXTFLOW):
        raise ValueError(f"provider: expected {TEXTINGLINE} or {TEXTFLOW}, got {provider!r}.")
    if fault is not None and FAULTS.get(fault, ("", ""))[0] != provider:
        raise ValueError(f"fault: expected a fault of {provider}, got {fault!r}.")
