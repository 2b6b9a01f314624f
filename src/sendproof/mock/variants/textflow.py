"""What the documents leave open to TextFlow."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sendproof.mock.faults.edits import (
    Edit,
    after_step,
    every,
    is_blank,
    setting,
    step_moved,
    utf16_units,
    within,
    without_nulls,
)
from sendproof.mock.faults.fault_model import Change, Variant
from sendproof.mock.http_messages import Answer, Call
from sendproof.mock.textflow import (
    Attempt,
    Reason,
    RefusedError,
    Rules,
    Service,
    day_is_within_limit,
    document_is_readable,
    fields_are_valid,
    key_is_known,
    normalize,
    post_is_asked,
    rate_is_within_limit,
    sender_is_active,
)
from sendproof.mock.throttle import FixedWindow, Sliding
from sendproof.mock.undocumented_limits import Duplicates, Lockout, Spikes

_SILENT: Final = "The documents do not say."


def _variant(name: str, summary: str, permission: str, change: Change[Rules]) -> Variant[Rules]:
    return Variant(name=name, provider="textflow", summary=summary, permission=permission, change=change)


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
    """Refuse every so-manieth authenticated request of an unlimited key with 429."""

    def step(service: Service, attempt: Attempt) -> None:
        if every(period, attempt.call) and attempt.key.limit_per_window is None:
            raise RefusedError(Reason.RATE_LIMITED, headers)

    return lambda r: replace(r, steps=after_step(r.steps, key_is_known, step))


def _numbers(normalizer: Callable[[str], str | None]) -> Change[Rules]:
    return lambda r: replace(r, normalize=normalizer, normalize_sender=normalizer)


_DOCUMENTED: Final = re.compile(r"(?:\+?1)?[0-9]{10}|(?:1 )?\([0-9]{3}\) [0-9]{3}-[0-9]{4}")


def _any_eleven_digits(text: str) -> str | None:
    eleven = re.fullmatch(r"\+?([2-9][0-9]{10})", text)
    return f"+1{eleven[1][1:]}" if eleven else normalize(text)


def _no_sender_for_tests(service: Service, attempt: Attempt) -> None:
    if attempt.key.value.startswith("sk_test_") and "from" in attempt.document:
        raise RefusedError(Reason.SENDER_UNKNOWN)


def _gateway_at_times(call: Call) -> Answer | None:
    lost = random.Random(call.ordinal).random() < 0.05
    return Answer(status=503, headers=(("Content-Type", "text/html"),), body=b"<h1>503</h1>") if lost else None


def _scattered(reason: Reason, status: int) -> int:
    if reason in (Reason.KEY_MISSING, Reason.KEY_INVALID, Reason.KEY_INACTIVE):
        return 403
    if reason in (Reason.SENDER_UNKNOWN, Reason.SENDER_INACTIVE):
        return 409
    return 422 if status == 400 and reason is not Reason.NO_SENDER else status


def _is_odd(text: object) -> bool:
    return isinstance(text, str) and re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]", text) is not None


def _empty_is_malformed(service: Service, attempt: Attempt) -> None:
    if attempt.document.get("to", "none") in (None, ""):
        raise RefusedError(Reason.RECIPIENT_INVALID)


def _empty_is_invalid(service: Service, attempt: Attempt) -> None:
    if attempt.call.headers.get("x-api-key", "none").strip() == "":
        raise RefusedError(Reason.KEY_INVALID)
    key_is_known(service, attempt)


def _filtered(rules: Rules) -> Rules:
    """Refuse, of all that is valid, the same text to the same number within 20 seconds."""
    filter_ = Duplicates(20.0)

    def step(service: Service, attempt: Attempt) -> None:
        if filter_.refuses((attempt.key.value, attempt.to, attempt.text), service.clock.now()):
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
            key_is_known(service, attempt)
        except RefusedError:
            lockout.note(now, right=False)
            raise
        lockout.note(now, right=True)

    return replace(rules, steps=tuple(step if one is key_is_known else one for one in rules.steps))


VARIANTS: Final = (
    _variant(
        "accepted-201",
        "Accepted messages are answered 201.",
        "The documents show no status.",
        lambda r: replace(r, accepted_status=201),
    ),
    _variant(
        "accepted-202",
        "Accepted messages are answered 202.",
        "The documents show no status.",
        lambda r: replace(r, accepted_status=202),
    ),
    _variant(
        "key-inactive-403",
        "An inactive key is answered 403.",
        "The documents show no status for it.",
        _statuses(lambda reason, status: 403 if reason is Reason.KEY_INACTIVE else status),
    ),
    _variant(
        "faults-422",
        "Faults of fields are answered 422.",
        "The documents show no status for them.",
        _statuses(lambda reason, status: 422 if status == 400 and reason is not Reason.NO_SENDER else status),
    ),
    _variant(
        "sender-403",
        "An unusable sender is answered 403.",
        "The documents show no status for it.",
        _statuses(lambda reason, status: 403 if reason in (Reason.SENDER_UNKNOWN, Reason.SENDER_INACTIVE) else status),
    ),
    _variant(
        "more-members",
        "Answers have members of their own.",
        "JSON clients ignore them.",
        lambda r: replace(
            r,
            accepted_edits=(
                *r.accepted_edits,
                setting(requestId="4f1c"),
                within("data", setting(segments=1, cost=None)),
            ),
            refused_edits=(*r.refused_edits, setting(requestId="4f1c")),
        ),
    ),
    _variant(
        "details",
        "Errors have details.",
        "The documents show details with one error.",
        _refused(setting(details="See the reference")),
    ),
    _variant(
        "queued",
        "Accepted messages are queued.",
        "status is usually, not always, sent.",
        _accepted(within("data", setting(status="queued"))),
    ),
    _variant(
        "other-text",
        "The text of success is another.",
        "It is human-readable, without promised words.",
        _accepted(setting(message="Queued for delivery")),
    ),
    _variant(
        "body-before-authentication",
        "The body is judged before the key.",
        _SILENT,
        lambda r: replace(
            r,
            steps=(
                post_is_asked,
                document_is_readable,
                fields_are_valid,
                key_is_known,
                rate_is_within_limit,
                sender_is_active,
                day_is_within_limit,
            ),
        ),
    ),
    _variant(
        "busy",
        "Now and then a request is answered 429.",
        "The per-minute limit varies by plan.",
        _busy(17),
    ),
    _variant(
        "busy-with-retry-after",
        "Now and then a request is answered 429 with Retry-After.",
        "The per-minute limit varies by plan.",
        _busy(17, ("Retry-After", "1")),
    ),
    _variant(
        "rate-limit-without-retry-after",
        "The rate limit names no time.",
        "The documents ask to wait 60 seconds and name no header.",
        lambda r: replace(r, retry_after=lambda wait_s: ()),
    ),
    _variant(
        "daily-limit-first",
        "The daily limit is judged before the body.",
        _SILENT,
        lambda r: replace(r, steps=step_moved(r.steps, day_is_within_limit, rate_is_within_limit)),
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
        lambda r: replace(r, message_is_missing=lambda text: text == "" or "\x00" in str(text)),
    ),
    _variant(
        "blank-refused",
        "A message of white space alone is missing.",
        _SILENT,
        lambda r: replace(r, message_is_missing=lambda text: text == "" or is_blank(text)),
    ),
    _variant(
        "id-is-uuid-like",
        "messageId has another form.",
        "The documents promise only uniqueness.",
        lambda r: replace(r, message_id=lambda rng, now: f"{rng.getrandbits(128):032x}"),
    ),
    _variant(
        "message-limit-in-utf16-units",
        "The limit counts UTF-16 code units.",
        "Whether an emoji counts one or two is not said.",
        lambda r: replace(r, count_characters=utf16_units),
    ),
    _variant(
        "key-invalid-answered-400",
        "An invalid key is answered 400.",
        "The documents show no status for it.",
        _statuses(lambda reason, status: 400 if reason is Reason.KEY_INVALID else status),
    ),
    _variant(
        "plus-with-formatting-refused",
        "A formatted number with a plus sign is refused.",
        "It is none of the documented spellings.",
        _numbers(lambda text: None if re.search(r"\+.*[ ()-]", text) else normalize(text)),
    ),
    _variant(
        "other-separators-refused",
        "Only the documented spellings are accepted.",
        "Other separators are not documented.",
        _numbers(lambda text: normalize(text) if _DOCUMENTED.fullmatch(text) else None),
    ),
    _variant(
        "eleven-digits-of-any-country",
        "Eleven digits that do not begin with 1 are accepted.",
        "The documents ask for 10 or 11 digits.",
        _numbers(_any_eleven_digits),
    ),
    _variant(
        "letters-ignored",
        "Letters among the digits are removed with the formatting.",
        "What counts as formatting is not said.",
        _numbers(lambda text: normalize(re.sub(r"[A-Za-z]", "", text))),
    ),
    _variant(
        "small-plan",
        "Every key has a limit of 20 in a minute.",
        "The per-minute limit varies by plan.",
        lambda r: replace(r, throttle=lambda: FixedWindow(limit_of=lambda key: key.limit_per_window or 20)),
    ),
    _variant(
        "retry-after-much-later",
        "Retry-After asks to wait for ten windows.",
        "The documents name no header.",
        lambda r: replace(r, retry_after=lambda wait_s: (("Retry-After", str(int(wait_s * 10))),)),
    ),
    _variant(
        "sliding-window",
        "The limit counts what was admitted in the minute before each request.",
        "The documents do not say when a minute begins.",
        lambda r: replace(r, throttle=Sliding),
    ),
    _variant(
        "refusals-403-409-422",
        "Keys are refused with 403, senders with 409, texts with 422.",
        "The documents show no status for them; the sample's 400 is one of several.",
        _statuses(_scattered),
    ),
    _variant(
        "status-delivered",
        "A message is answered as delivered.",
        "It is one of the four of the status flow.",
        _accepted(within("data", setting(status="delivered"))),
    ),
    _variant(
        "odd-texts-refused",
        "Controls and noncharacters in a text are refused.",
        "They are no text.",
        lambda r: replace(r, message_is_missing=lambda text: text == "" or _is_odd(text)),
    ),
    _variant(
        "test-key-of-its-own",
        "A test key has numbers of its own.",
        "What a test key may use is not said.",
        lambda r: replace(r, steps=after_step(r.steps, fields_are_valid, _no_sender_for_tests)),
    ),
    _variant(
        "flaky-gateway",
        "Now and then a gateway answers 503.",
        "It is no answer of the service.",
        lambda r: replace(r, http=replace(r.http, before=(*r.http.before, _gateway_at_times))),
    ),
    _variant(
        "recipient-empty-is-malformed",
        "An empty to is answered as one without 10 or 11 digits.",
        "It is empty, and it has no such digits.",
        lambda r: replace(r, steps=after_step(r.steps, document_is_readable, _empty_is_malformed)),
    ),
    _variant(
        "key-empty-is-invalid",
        "An empty key is answered as an invalid one.",
        "It is given, and it is none.",
        lambda r: replace(r, steps=tuple(_empty_is_invalid if step is key_is_known else step for step in r.steps)),
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
        _three_a_second(Reason.RATE_LIMITED),
    ),
    _variant(
        "minute-limit-with-daily-text",
        "The limit of a minute has the text of the daily one.",
        "It is the only text that the documents have for 429.",
        lambda r: replace(
            r,
            refusals={
                **r.refusals,
                Reason.RATE_LIMITED: replace(r.refusals[Reason.RATE_LIMITED], error="Daily message limit reached"),
            },
        ),
    ),
)
