"""What the documents leave open to TextingLine."""

import re
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from sendproof.mock.accounts import MEDIA_URL
from sendproof.mock.faults.edits import (
    Edit,
    after_step,
    crash,
    every,
    failed,
    is_blank,
    is_error,
    mapping,
    on_status,
    setting,
    step_moved,
    utf16_units,
    when,
    with_headers,
    within,
    without,
    without_nulls,
)
from sendproof.mock.faults.fault_model import Change, Variant
from sendproof.mock.idempotency_keys import KeyReusedError, Remembered, Sending
from sendproof.mock.textingline import (
    Attempt,
    Reason,
    Record,
    RefusedError,
    Rules,
    Service,
    account_is_known,
    content_is_carried,
    fields_are_valid,
    is_absolute_http_url,
    is_e164,
    iso_milliseconds,
    sender_is_active,
)
from sendproof.mock.undocumented_limits import Duplicates, Lockout, Spikes

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


def _filtered(rules: Rules) -> Rules:
    """Refuse, of all that is valid, the same text to the same number within 20 seconds."""
    filter_ = Duplicates(20.0)

    def step(service: Service, attempt: Attempt) -> None:
        message = attempt.message
        if filter_.refuses((attempt.account.key_id, message.to, message.body), service.clock.now()):
            raise RefusedError(Reason.MOMENT)

    return replace(rules, steps=(*rules.steps, step))


def _three_a_second(reason: Reason) -> Change[Rules]:
    def change(rules: Rules) -> Rules:
        spikes = Spikes(3)

        def step(service: Service, attempt: Attempt) -> None:
            if spikes.refuses(service.clock.now()):
                raise RefusedError(reason)

        return replace(rules, steps=(*rules.steps, step))

    return change


def _locking(rules: Rules) -> Rules:
    lockout = Lockout(5, 2.0)

    def step(service: Service, attempt: Attempt) -> None:
        now = service.clock.now()
        if lockout.refuses(now):
            raise RefusedError(Reason.MOMENT)
        try:
            account_is_known(service, attempt)
        except RefusedError:
            lockout.note(now, right=False)
            raise
        lockout.note(now, right=True)

    return replace(rules, steps=tuple(step if one is account_is_known else one for one in rules.steps))


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


def _in_new_york(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone(timedelta(hours=-4))).isoformat(timespec="milliseconds")


def _problems(rules: Rules) -> Rules:
    headers = on_status(is_error, with_headers(("Content-Type", "application/problem+json")))
    edited = replace(rules, http=replace(rules.http, after=(*rules.http.after, headers)))
    return replace(
        edited,
        refused_edits=(
            *rules.refused_edits,
            lambda d: {"type": "about:blank", "title": d["error"]["message"], "code": d["error"]["code"]},
        ),
    )


def _only_ascii(service: Service, attempt: Attempt) -> None:
    if not (attempt.message.body or "").isascii():
        raise RefusedError(Reason.UNSUPPORTED)


def _only_gsm_7(service: Service, attempt: Attempt) -> None:
    if re.search(r"[^\x20-\x5f\x61-\x7e\r\n]", attempt.message.body or ""):
        raise RefusedError(Reason.UNSUPPORTED)


def _charging(step: Callable[[Service, Attempt], None]) -> Callable[[Service, Attempt], None]:
    """Take a credit for what a step refuses."""

    def charged(service: Service, attempt: Attempt) -> None:
        try:
            step(service, attempt)
        except RefusedError:
            service.charge(attempt.account, 1)
            raise

    return charged


class _Refusing(Remembered[Record]):
    """Refuse what is known."""

    async def once(self, key: Hashable, payload: Hashable, send: Sending[Record]) -> Record:
        if key in self._kept:
            raise KeyReusedError
        return await super().once(key, payload, send)


def _fits_the_plan(value: object) -> bool:
    return not str(value).startswith("+1") or re.fullmatch(r"\+1[2-9][0-9]{9}", str(value)) is not None


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
    _variant(
        "body-limit-in-utf16-units",
        "The limit counts UTF-16 code units.",
        "Whether an emoji counts one or two is not said.",
        lambda r: replace(r, count_characters=utf16_units),
    ),
    _variant(
        "keys-of-all-accounts",
        "One account's idempotency key answers another account's request.",
        "What a key is unique within is on another page.",
        lambda r: replace(r, idempotency_key=lambda attempt: attempt.message.idempotency_key),
    ),
    _variant(
        "keys-in-any-case",
        "Idempotency keys that differ in case are one.",
        _SILENT,
        lambda r: replace(
            r,
            idempotency_key=lambda attempt: (attempt.message.idempotency_key or "").lower() or None,
            idempotency_payload=lambda message: replace(message, idempotency_key=None),
        ),
    ),
    _variant(
        "other-payload-taken",
        "A key that comes back with another message gets the first answer.",
        _SILENT,
        lambda r: replace(r, idempotency_payload=lambda message: None),
    ),
    _variant(
        "error-in-a-list",
        "The error member is a list.",
        "The documents show no error body.",
        _refused(mapping("error", lambda error: [error])),
    ),
    _variant(
        "code-in-the-text",
        "The code stands in a text.",
        "The documents show no error body.",
        _refused(lambda d: {"message": f"Error {d['error']['code']}: {d['error']['message']}"}),
    ),
    _variant(
        "problem-details",
        "Errors are problem details.",
        "RFC 9457; the documents show no error body.",
        _problems,
    ),
    _variant(
        "offset-of-a-zone",
        "Times have the offset of a time zone.",
        "ISO 8601 permits any offset.",
        lambda r: replace(r, timestamp=_in_new_york),
    ),
    _variant(
        "times-without-offset",
        "Times have no offset.",
        "ISO 8601 permits it.",
        lambda r: replace(r, timestamp=lambda seconds: iso_milliseconds(seconds).removesuffix("Z")),
    ),
    _variant(
        "basic-format",
        "Times are in the basic format.",
        "ISO 8601 has it.",
        lambda r: replace(r, timestamp=lambda seconds: iso_milliseconds(seconds).replace("-", "").replace(":", "")),
    ),
    _variant(
        "ascii-only",
        "Characters outside ASCII are unsupported.",
        "Which characters are unsupported is not said.",
        lambda r: replace(r, steps=after_step(r.steps, fields_are_valid, _only_ascii)),
    ),
    _variant(
        "gsm-7-only",
        "Characters outside GSM-7 are unsupported, a backtick and a tab among them.",
        "Which characters are unsupported is not said.",
        lambda r: replace(r, steps=after_step(r.steps, fields_are_valid, _only_gsm_7)),
    ),
    _variant(
        "retry-answered-409",
        "A retry is refused, and not told the id.",
        "That the same key sends no second message is promised, not what answers the retry.",
        lambda r: replace(r, idempotency=lambda clock: _Refusing()),
    ),
    _variant(
        "refused-charged",
        "A refused message is charged 1 credit, for the look-up.",
        "Whether a refused message is charged is not said.",
        lambda r: replace(r, steps=(*r.steps[:3], _charging(r.steps[3]), *r.steps[4:]), charge_refused=1),
    ),
    _variant(
        "media-fails-first",
        "Media that cannot be fetched fails the message, whoever the recipient is, and costs nothing.",
        "The order of causes is not said, nor is the charge of what fails.",
        lambda r: replace(
            r,
            error_type=lambda message: (
                "invalid_content" if message.media_url not in (None, MEDIA_URL) else r.error_type(message)
            ),
            charge=lambda record, cost: 0 if record.error_type else cost,
        ),
    ),
    _variant(
        "bad-media-url-fails",
        "A mediaUrl that is no URL is answered with a failed message.",
        "That it is refused is advice.",
        lambda r: replace(
            r,
            media_url_is_valid=lambda value: isinstance(value, str) and value != "",
            error_type=lambda message: (
                "invalid_content"
                if message.media_url and not is_absolute_http_url(message.media_url)
                else r.error_type(message)
            ),
        ),
    ),
    _variant(
        "north-american-numbers",
        "A number of +1 needs ten more digits.",
        "So the numbering plan has it.",
        lambda r: replace(r, recipient_is_valid=lambda value: is_e164(value) and _fits_the_plan(value)),
    ),
    _variant(
        "failed-queued-at-first",
        "What cannot be delivered is queued at first.",
        "status can be queued.",
        _accepted(
            when(failed, lambda d: {**without("errorType", "errorMessage")(d), "status": "queued"}),
        ),
    ),
    _variant(
        "too-long-fails",
        "A body that is too long is answered 201, failed, as invalid_content.",
        "The document's words for that type cover a content beyond the limits.",
        lambda r: replace(
            r,
            count_characters=lambda body: 0,
            error_type=lambda message: "invalid_content" if len(message.body or "") > 640 else r.error_type(message),
        ),
    ),
    _variant(
        "bad-number-fails",
        "A to that is no number is answered 201, failed, as invalid_destination.",
        "The document's words for that type cover an invalid number.",
        lambda r: replace(
            r,
            recipient_is_valid=lambda value: isinstance(value, str),
            error_type=lambda message: r.error_type(message) if is_e164(message.to) else "invalid_destination",
        ),
    ),
    _variant(
        "media-fetched",
        "Media that cannot be fetched is refused.",
        "It has to be accessible to the vendor.",
        lambda r: replace(r, media_url_is_valid=lambda value: value == MEDIA_URL),
    ),
    _variant("duplicates-filtered", "A text is sent to a number once in 20 seconds.", _SILENT, _filtered),
    _variant("lock-out", "After 5 wrong credentials in a row everybody is refused for 2 s.", _SILENT, _locking),
    _variant(
        "three-a-second",
        "Of more than 3 messages a second the others are refused.",
        _SILENT,
        _three_a_second(Reason.MOMENT),
    ),
    _variant(
        "three-a-second-throttled",
        "Of more than 3 messages a second the others are answered 429.",
        _SILENT,
        _three_a_second(Reason.BUSY),
    ),
    _variant(
        "one-500",
        "One request in a run is answered 500.",
        "One stumble is not a broken promise.",
        lambda r: replace(r, http=replace(r.http, before=(*r.http.before, crash(lambda call: call.ordinal == 60)))),
    ),
)
