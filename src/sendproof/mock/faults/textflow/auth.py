"""Faults of TextFlow: whose messages are accepted."""

from dataclasses import replace
from typing import Final

from sendproof.mock.faults.edits import every
from sendproof.mock.faults.textflow.kit import fault, instead_of_step, with_step
from sendproof.mock.textflow import Attempt, Reason, RefusedError, Service, day_is_within_limit, key_is_known


def _now_and_then(service: Service, attempt: Attempt) -> None:
    if every(13, attempt.call) and attempt.key is service.keys[0]:
        raise RefusedError(Reason.KEY_INVALID)


def _name_is_exact(service: Service, attempt: Attempt) -> None:
    if attempt.call.field_names and "X-API-Key" not in attempt.call.field_names:
        raise RefusedError(Reason.KEY_MISSING)


def _first_without_header(service: Service, attempt: Attempt) -> None:
    if "x-api-key" in attempt.call.headers:
        key_is_known(service, attempt)
    else:
        attempt.key = service.keys[0]


def _first_with_empty_header(service: Service, attempt: Attempt) -> None:
    if attempt.call.headers.get("x-api-key", "none").strip():
        key_is_known(service, attempt)
    else:
        attempt.key = service.keys[0]


def _form_is_enough(service: Service, attempt: Attempt) -> None:
    given = attempt.call.headers.get("x-api-key", "")
    known = any(given.lower() in key.value.lower() or key.value in given for key in service.keys)
    if given.startswith("sk_live_") and not known:
        attempt.key = service.keys[0]
    else:
        key_is_known(service, attempt)


def _both_ends_match(given: str, known: str) -> bool:
    return len(given) == len(known) and given[:12] == known[:12] and given[-4:] == known[-4:]


def _anywhere(service: Service, attempt: Attempt) -> None:
    given = attempt.call.headers.get("authorization", "").removeprefix("Bearer ")
    found = next((key for key in service.keys if key.value == given), None)
    if found is None:
        key_is_known(service, attempt)
    else:
        attempt.key = found


def _any_bearer(service: Service, attempt: Attempt) -> None:
    if attempt.call.headers.get("authorization", "").startswith("Bearer "):
        attempt.key = service.keys[0]
    else:
        key_is_known(service, attempt)


def _test_mark_is_enough(service: Service, attempt: Attempt) -> None:
    given = attempt.call.headers.get("x-api-key", "")
    if given.startswith("sk_test_"):
        attempt.key = next(key for key in service.keys if key.value.startswith("sk_test_"))
    else:
        key_is_known(service, attempt)


def _empty_asked_otherwise(service: Service, attempt: Attempt) -> None:
    if attempt.call.headers.get("x-api-key", "none").strip() == "":
        raise RefusedError(Reason.NOT_AN_OBJECT)
    key_is_known(service, attempt)


FAULTS: Final = (
    fault(
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
        "http.auth.www-authenticate",
    ),
    fault(
        "key-case-ignored",
        "The key is compared without regard to case.",
        "A case-insensitive collation on the table of keys.",
        lambda r: replace(r, key_matches=lambda given, known: given.lower() == known.lower()),
        "tf.auth.key-case",
    ),
    fault(
        "key-prefix-enough",
        "A prefix of the key is accepted.",
        "Only the displayed head of the key is stored and compared.",
        lambda r: replace(r, key_matches=lambda given, known: len(given) >= 12 and known.startswith(given)),
        "tf.auth.key-prefix",
    ),
    fault(
        "key-tail-ignored",
        "Characters after the key are ignored.",
        "The key is cut to the column's length before the comparison.",
        lambda r: replace(r, key_matches=lambda given, known: given.startswith(known)),
        "tf.auth.key-extended",
    ),
    fault(
        "key-compared-but-its-middle",
        "A key with another character in its middle is accepted.",
        "Head and tail of the key are displayed, stored and compared.",
        lambda r: replace(r, key_matches=_both_ends_match),
        "tf.auth.unknown-key",
    ),
    fault(
        "key-compared-by-its-tail",
        "A key with the mark of another environment is accepted.",
        "The mark is cut off before the look-up.",
        lambda r: replace(r, key_matches=lambda given, known: given.rpartition("_")[2] == known.rpartition("_")[2]),
        "tf.auth.unknown-key",
    ),
    fault(
        "key-inactive-accepted",
        "An inactive key sends.",
        "Keys are cached, and deactivation does not reach the cache.",
        lambda r: replace(r, key_is_active=lambda key: True),
        "tf.auth.inactive-key",
    ),
    fault(
        "key-test-refused",
        "A test key is refused.",
        "The live host looks only among live keys.",
        lambda r: replace(r, key_is_active=lambda key: key.active and not key.value.startswith("sk_test_")),
        "tf.auth.test-key",
    ),
    fault(
        "key-refused-now-and-then",
        "The right key is refused now and then.",
        "One of several replicas has not heard of the key.",
        with_step(day_is_within_limit, _now_and_then),
        "tf.auth.valid-key",
    ),
    fault(
        "header-name-exact",
        "The name of the header field is compared letter for letter.",
        "A dictionary of fields in a hand-written server.",
        with_step(key_is_known, _name_is_exact),
        "tf.auth.header-name-case",
    ),
    fault(
        "key-not-needed",
        "A request without a key is sent from the first account.",
        "A development default reaches production.",
        instead_of_step(key_is_known, _first_without_header),
        "tf.auth.missing-key",
    ),
    fault(
        "key-empty-accepted",
        "An empty key is that of the first account.",
        "A search with an empty filter finds every row.",
        instead_of_step(key_is_known, _first_with_empty_header),
        "tf.auth.empty-key",
    ),
    fault(
        "key-unknown-accepted",
        "Any key of the right form is accepted.",
        "Only the form is checked at the edge.",
        instead_of_step(key_is_known, _form_is_enough),
        "tf.auth.unknown-key",
    ),
    fault(
        "key-head-ignored",
        "Characters before the key are ignored.",
        "A pattern without its beginning anchored.",
        lambda r: replace(r, key_matches=lambda given, known: given.endswith(known)),
        "tf.auth.key-prepended",
    ),
    fault(
        "key-as-bearer",
        "The key is accepted as a Bearer token.",
        "An authentication library that tries every place.",
        instead_of_step(key_is_known, _anywhere),
        "tf.auth.key-elsewhere",
    ),
    fault(
        "any-bearer-accepted",
        "Any Bearer token is that of the first account.",
        "A gateway was to check tokens, and does not.",
        instead_of_step(key_is_known, _any_bearer),
        "tf.auth.wrong-key-elsewhere",
    ),
    fault(
        "test-mark-enough",
        "Any key that begins as a test key does is accepted.",
        "Test keys are told by their mark, and not looked up.",
        instead_of_step(key_is_known, _test_mark_is_enough),
        "tf.auth.unknown-key",
    ),
    fault(
        "key-empty-tells-something-else",
        "An empty key is answered with a text about the body.",
        "A guard at the edge that knows one error.",
        instead_of_step(key_is_known, _empty_asked_otherwise),
        "tf.errors.empty-key-text",
    ),
)
