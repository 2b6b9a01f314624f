"""Faults of TextFlow."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Final

from sendproof.mock.accounts import DEFAULT_SENDER, SENDERS, TextflowKey
from sendproof.mock.faults.edits import (
    Edit,
    crash,
    mapping,
    renaming,
    setting,
    utf8_bytes,
    utf16_units,
    when,
    within,
    without,
)
from sendproof.mock.faults.model import Change, Fault
from sendproof.mock.textflow import (
    Attempt,
    Reason,
    RefusedError,
    Rules,
    Service,
    normalize,
    post_is_asked,
    rate_is_within_limit,
    sender_is_active,
)
from sendproof.mock.throttle import FixedWindow, own_limit, own_window


def _fault(name: str, summary: str, origin: str, change: Change[Rules], *clauses: str) -> Fault[Rules]:
    return Fault(
        name=name,
        provider="textflow",
        summary=summary,
        origin=origin,
        change=change,
        clauses=clauses,
    )


def _accepted(edit: Edit) -> Change[Rules]:
    return lambda r: replace(r, accepted_edits=(*r.accepted_edits, edit))


def _data(edit: Edit) -> Change[Rules]:
    return _accepted(within("data", edit))


def _refused(edit: Edit) -> Change[Rules]:
    return lambda r: replace(r, refused_edits=(*r.refused_edits, edit))


def _error(reason: Reason, **changes: object) -> Change[Rules]:
    """Put a reason differently; the changes are fields of the refusal."""
    return lambda r: replace(
        r,
        refusals={**r.refusals, reason: replace(r.refusals[reason], **changes)},  # type: ignore[arg-type]  # any field
    )


def _without_step(step: Callable[..., None]) -> Change[Rules]:
    return lambda r: replace(r, steps=tuple(known for known in r.steps if known is not step))


def _instead_of_step(step: Callable[..., None], other: Callable[[Service, Attempt], None]) -> Change[Rules]:
    return lambda r: replace(r, steps=tuple(other if known is step else known for known in r.steps))


def _numbers(normalizer: Callable[[str], str | None]) -> Change[Rules]:
    return lambda r: replace(r, normalize=normalizer)


def _throttled(
    *,
    limit_of: Callable[[TextflowKey], int | None] = own_limit,
    window_of: Callable[[TextflowKey], float] = own_window,
    bucket_of: Callable[[TextflowKey], str] = lambda key: key.value,
) -> Change[Rules]:
    return lambda r: replace(
        r, throttle=lambda: FixedWindow(limit_of=limit_of, window_of=window_of, bucket_of=bucket_of)
    )


def _limit_plus(difference: int) -> Callable[[TextflowKey], int | None]:
    return lambda key: None if key.limit_per_window is None else key.limit_per_window + difference


def _refusing(pattern: str) -> Callable[[str], str | None]:
    """Normalize all spellings but those that match."""
    return lambda spelling: None if re.search(pattern, spelling) else normalize(spelling)


def _echoing(pattern: str) -> Callable[[str], str | None]:
    """Normalize all spellings but those that match, and leave those as they are."""
    return lambda spelling: spelling if re.fullmatch(pattern, spelling) else normalize(spelling)


def _digits_as_given(spelling: str) -> str | None:
    digits = re.sub(r"\D", "", spelling)
    return f"+{digits}" if len(digits) in (10, 11) else None


def _any_length(spelling: str) -> str | None:
    digits = re.sub(r"\D", "", spelling)
    return normalize(spelling) or (f"+1{digits}" if digits else None)


def _letters_ignored(spelling: str) -> str | None:
    return normalize(re.sub(r"[A-Za-z]", "", spelling))


def _any_eleven_digits(spelling: str) -> str | None:
    eleven = re.fullmatch(r"\+?([2-9]\d{10})", spelling)
    return f"+{eleven[1]}" if eleven else normalize(spelling)


def _falls_back_to_default(service: Service, attempt: Attempt) -> None:
    given = attempt.document.get("from")
    normal = normalize(given) if isinstance(given, str) else None
    if attempt.key.numbers.get(normal or ""):
        attempt.sender = normal or ""
        return
    default = service.rules.default_sender(attempt.key)
    if default is None:
        raise RefusedError(Reason.NO_SENDER)
    attempt.sender = default


def _first_active_or_any(service: Service, attempt: Attempt) -> None:
    given = attempt.document.get("from")
    normal = normalize(given) if isinstance(given, str) else None
    if normal is not None:
        attempt.sender = normal
        return
    sender_is_active(service, attempt)


def _repeating_ids(rules: Rules) -> Rules:
    numbers = count(2)
    return replace(rules, message_id=lambda rng, now: f"msg_{int(now)}_{next(numbers) // 2:09}")


FAULTS: Final = (
    _fault(
        "challenge-absent",
        "401 comes without WWW-Authenticate.",
        "Authentication is checked in the handler, not by the framework.",
        lambda r: replace(
            r,
            refusals={
                reason: replace(refusal, headers=()) if refusal.status == 401 else refusal
                for reason, refusal in r.refusals.items()
            },
        ),
    ),
    _fault(
        "message-limit-1601",
        "1,601 characters are accepted.",
        "An off-by-one in the length check.",
        lambda r: replace(r, message_limit=1601),
    ),
    _fault(
        "message-limit-1599",
        "1,600 characters are refused.",
        "A strict comparison where an inclusive one was meant.",
        lambda r: replace(r, message_limit=1599),
    ),
    _fault(
        "message-limit-in-bytes",
        "The limit counts UTF-8 bytes.",
        "A language whose string length is in bytes.",
        lambda r: replace(r, count_characters=utf8_bytes),
    ),
    _fault(
        "message-limit-in-utf16-units",
        "The limit counts UTF-16 code units.",
        "A language whose string length is in UTF-16 units.",
        lambda r: replace(r, count_characters=utf16_units),
    ),
    _fault(
        "message-limit-absent",
        "Any length is accepted.",
        "The check is left to the carrier.",
        lambda r: replace(r, count_characters=lambda text: 0),
    ),
    _fault(
        "message-limit-one-segment",
        "More than 160 characters are refused.",
        "Segmentation was announced before it was built.",
        lambda r: replace(r, message_limit=160),
    ),
    _fault(
        "message-optional",
        "An empty message is accepted.",
        "Presence is checked, content is not.",
        lambda r: replace(r, message_is_missing=lambda text: False),
    ),
    _fault(
        "key-case-ignored",
        "The key is compared without regard to case.",
        "A case-insensitive collation on the table of keys.",
        lambda r: replace(r, key_matches=lambda given, known: given.lower() == known.lower()),
    ),
    _fault(
        "key-prefix-enough",
        "A prefix of the key is accepted.",
        "Only the displayed head of the key is stored and compared.",
        lambda r: replace(r, key_matches=lambda given, known: len(given) >= 12 and known.startswith(given)),
    ),
    _fault(
        "key-tail-ignored",
        "Characters after the key are ignored.",
        "The key is cut to the column's length before the comparison.",
        lambda r: replace(r, key_matches=lambda given, known: given.startswith(known)),
    ),
    _fault(
        "key-inactive-accepted",
        "An inactive key sends.",
        "Keys are cached, and deactivation does not reach the cache.",
        lambda r: replace(r, key_is_active=lambda key: True),
    ),
    _fault(
        "key-test-refused",
        "A test key is refused.",
        "The live host looks only among live keys.",
        lambda r: replace(r, key_is_active=lambda key: key.active and not key.value.startswith("sk_test_")),
    ),
    _fault(
        "key-missing-as-invalid",
        "A missing key is answered like an invalid one.",
        "An absent header is read as the empty key.",
        _error(Reason.KEY_MISSING, error="Invalid or inactive API key"),
    ),
    _fault(
        "key-invalid-as-missing",
        "An invalid key is answered like a missing one.",
        "The look-up's empty result and the absent header share a branch.",
        _error(Reason.KEY_INVALID, error="API key required"),
    ),
    _fault(
        "key-invalid-answered-400",
        "An invalid key is answered 400.",
        "All refusals go through one function.",
        _error(Reason.KEY_INVALID, status=400),
    ),
    _fault(
        "other-methods-taken",
        "Any method sends.",
        "A route registered for all methods.",
        _without_step(post_is_asked),
    ),
    _fault(
        "ten-digits-without-country",
        "Ten digits are given only a plus sign.",
        "A library told that numbers are international.",
        _numbers(_digits_as_given),
    ),
    _fault(
        "ten-digits-echoed",
        "Ten digits are accepted and not normalized.",
        "Normalization happens behind the API.",
        _numbers(_echoing(r"[0-9]{10}")),
    ),
    _fault(
        "eleven-digits-echoed",
        "Eleven digits are accepted and not normalized.",
        "A test of the first digit stands in for one of the plus sign.",
        _numbers(_echoing(r"1[0-9]{10}")),
    ),
    _fault(
        "parentheses-refused",
        "A number in parentheses is refused.",
        "The filter knows only hyphens and spaces.",
        _numbers(_refusing(r"[()]")),
    ),
    _fault(
        "hyphens-refused",
        "A number with hyphens is refused.",
        "The filter knows only spaces and parentheses.",
        _numbers(_refusing("-")),
    ),
    _fault(
        "spaces-refused",
        "A number with spaces is refused.",
        "The filter knows only punctuation.",
        _numbers(_refusing(" ")),
    ),
    _fault(
        "plus-with-formatting-refused",
        "A formatted number with a plus sign is refused.",
        "The plus sign switches to a strict parser.",
        _numbers(_refusing(r"\+.*[ ()-]")),
    ),
    _fault(
        "e164-refused",
        "A number in E.164 is refused.",
        "The length is checked before the plus sign is removed.",
        _numbers(_refusing(r"^\+")),
    ),
    _fault(
        "digits-unlimited",
        "Any number of digits is accepted.",
        "Formatting is removed and the length never looked at.",
        _numbers(_any_length),
    ),
    _fault(
        "eleven-digits-of-any-country",
        "Eleven digits that do not begin with 1 are accepted.",
        "Only the length is looked at.",
        _numbers(_any_eleven_digits),
    ),
    _fault(
        "letters-ignored",
        "Letters in a number are removed with the formatting.",
        "Everything but digits is formatting.",
        _numbers(_letters_ignored),
    ),
    _fault(
        "sender-not-normalized",
        "from is accepted in E.164 only.",
        "Normalization was written for the recipient.",
        lambda r: replace(r, normalize_sender=_refusing(r"^[^+]")),
    ),
    _fault(
        "sender-unchecked",
        "Any sender is accepted.",
        "The check is left to the carrier.",
        _instead_of_step(sender_is_active, _first_active_or_any),
    ),
    _fault(
        "sender-ignored",
        "from is read and the default used.",
        "A feature of a larger plan, ignored silently.",
        _data(setting(**{"from": DEFAULT_SENDER})),
    ),
    _fault(
        "sender-falls-back",
        "An unusable sender is replaced by the default.",
        "Delivery is preferred to an error.",
        _instead_of_step(sender_is_active, _falls_back_to_default),
    ),
    _fault(
        "default-sender-is-another",
        "Without from, another number of the account is used.",
        "The first row is taken for the default.",
        lambda r: replace(r, default_sender=lambda key: SENDERS[1] if key.default else None),
    ),
    _fault(
        "unknown-sender-as-no-numbers",
        "A foreign sender is answered as if the account had no numbers.",
        "The filtered list is empty, and its emptiness is reported.",
        _error(Reason.SENDER_UNKNOWN, error="No active phone numbers available"),
    ),
    _fault(
        "no-numbers-as-bad-sender",
        "An account without numbers is answered as if the sender were bad.",
        "The missing default is looked up like a given number.",
        _error(Reason.NO_SENDER, error="Invalid or inactive phone number"),
    ),
    _fault(
        "recipient-missing-as-invalid",
        "A missing recipient is answered like a malformed one.",
        "An absent member is read as the empty string.",
        _error(Reason.RECIPIENT_MISSING, error="Invalid phone number format (must be 10 or 11 digits)"),
    ),
    _fault(
        "message-missing-as-recipient",
        "A missing message is answered as a missing recipient.",
        "A copied line.",
        _error(Reason.MESSAGE_MISSING, error="Recipient phone number (to) is required"),
    ),
    _fault(
        "number-error-without-hint",
        "A malformed number is answered without the hint at its digits.",
        "The text was changed after the documents were written.",
        _error(Reason.RECIPIENT_INVALID, error="Invalid phone number format"),
    ),
    _fault(
        "rate-limit-one-late",
        "One request more than the limit is admitted.",
        "The counter is compared before it is incremented.",
        _throttled(limit_of=_limit_plus(1)),
    ),
    _fault(
        "rate-limit-one-early",
        "The last request of the limit is refused.",
        "The counter is incremented before a strict comparison.",
        _throttled(limit_of=_limit_plus(-1)),
    ),
    _fault(
        "rate-limit-never",
        "No limit is enforced.",
        "Counters are kept per process behind a balancer.",
        _without_step(rate_is_within_limit),
    ),
    _fault(
        "rate-limit-for-ever",
        "A limited key is never admitted again.",
        "The counter has lost its expiry.",
        _throttled(window_of=lambda key: float("1e12")),
    ),
    _fault(
        "rate-limit-twice-as-long",
        "The window is twice as long as announced.",
        "Two layers of limits, one behind the other.",
        _throttled(window_of=lambda key: 2 * key.window_s),
    ),
    _fault(
        "rate-limit-on-every-key",
        "Every key has the small plan's limit.",
        "A plan's limit is used as the default.",
        _throttled(limit_of=lambda key: key.limit_per_window or 5),
    ),
    _fault(
        "rate-limit-shared",
        "Requests of all keys count as one key's.",
        "The counter is keyed by address, and the proxy has only one.",
        _throttled(limit_of=lambda key: key.limit_per_window or 5, bucket_of=lambda key: "all"),
    ),
    _fault(
        "rate-limit-answered-503",
        "The limit is answered 503.",
        "The proxy's default for limited requests.",
        _error(Reason.RATE_LIMITED, status=503),
    ),
    _fault(
        "rate-limit-answered-400",
        "The limit is answered 400.",
        "All refusals go through one function.",
        _error(Reason.RATE_LIMITED, status=400),
    ),
    _fault(
        "retry-after-in-milliseconds",
        "Retry-After is in milliseconds.",
        "The limiter's unit is passed on.",
        lambda r: replace(r, retry_after=lambda wait_s: (("Retry-After", str(int(wait_s * 1000))),)),
    ),
    _fault(
        "daily-limit-answered-400",
        "The daily limit is answered 400.",
        "It is checked with the fields of the message.",
        _error(Reason.DAILY_LIMIT, status=400),
    ),
    _fault(
        "daily-limit-text-monthly",
        "The daily limit is answered with another text.",
        "A copied line.",
        _error(Reason.DAILY_LIMIT, error="Monthly message limit reached"),
    ),
    _fault(
        "daily-limit-never",
        "The daily limit is not enforced.",
        "Usage is summed up at night.",
        lambda r: replace(r, daily_limit=lambda key: None),
    ),
    _fault(
        "success-as-text",
        "success is a string.",
        "Form encoding of an older version.",
        lambda r: replace(
            r,
            accepted_edits=(*r.accepted_edits, setting(success="true")),
            refused_edits=(*r.refused_edits, setting(success="false")),
        ),
    ),
    _fault(
        "success-true-on-error",
        "Errors say success: true.",
        "The envelope is built before the outcome is known.",
        _refused(setting(success=True)),
    ),
    _fault(
        "success-absent-on-error",
        "Errors have no success.",
        "Errors are made by another layer.",
        _refused(without("success")),
    ),
    _fault(
        "error-as-object",
        "error is an object with a message.",
        "The next version's envelope.",
        _refused(mapping("error", lambda text: {"message": text})),
    ),
    _fault(
        "error-in-message",
        "The text of an error stands in message.",
        "One envelope for both outcomes.",
        _refused(renaming(error="message")),
    ),
    _fault(
        "data-null-on-error",
        "Errors have data, with a success that is null.",
        "A serializer that writes every member of the model.",
        _refused(setting(success=None, data=None)),
    ),
    _fault(
        "data-flattened",
        "The members of data stand beside success.",
        "The version before the envelope.",
        _accepted(lambda d: {**without("data")(d), **d["data"]}),
    ),
    _fault(
        "ids-repeat",
        "Two messages in a row share an id.",
        "Two workers count on their own.",
        _repeating_ids,
    ),
    _fault(
        "id-is-a-number",
        "messageId is a number.",
        "The database's key is exposed.",
        _data(mapping("messageId", lambda value: int(value.split("_")[1]))),
    ),
    _fault(
        "id-named-id",
        "The identifier is named id.",
        "The documents were generated from another version.",
        _data(renaming(messageId="id")),
    ),
    _fault(
        "to-as-given",
        "data.to is what was sent.",
        "The request is echoed instead of the record.",
        lambda r: replace(r, normalize=lambda spelling: spelling if normalize(spelling) else None),
    ),
    _fault(
        "to-without-plus",
        "data.to has no plus sign.",
        "A carrier's notation leaks out.",
        _data(mapping("to", lambda number: number.removeprefix("+"))),
    ),
    _fault(
        "from-absent-by-default",
        "data.from is missing when the default is used.",
        "The request is echoed instead of the record.",
        _data(when(lambda data: data.get("from") == DEFAULT_SENDER, without("from"))),
    ),
    _fault(
        "status-unknown-word",
        "status is a word the documents do not have.",
        "The carrier's status is passed through.",
        _data(setting(status="submitted")),
    ),
    _fault(
        "sent-message-answered-500",
        "A message with a line break ends in a 500.",
        "A header of the carrier's API is built from the text.",
        lambda r: replace(
            r,
            http=replace(r.http, before=(*r.http.before, crash(lambda call: b"\\n" in call.body))),
        ),
    ),
)
