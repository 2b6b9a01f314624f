"""Faults of TextingLine: whose messages are accepted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sendproof.mock.accounts import Settings, textingline_accounts
from sendproof.mock.faults.edits import (
    every,
    without_header,
)
from sendproof.mock.faults.fault_model import Change
from sendproof.mock.faults.textingline.kit import (
    after,
    fault,
    instead_of_step,
    with_step,
)
from sendproof.mock.textingline import (
    Attempt,
    Reason,
    RefusedError,
    Rules,
    Service,
    account_is_known,
    basic_credentials,
    content_is_carried,
)


def _now_and_then(service: Service, attempt: Attempt) -> None:
    if every(9, attempt.call) and attempt.account is service.accounts[0]:
        raise RefusedError(Reason.UNAUTHENTICATED)


def _name_is_exact(service: Service, attempt: Attempt) -> None:
    if attempt.call.field_names and "Authorization" not in attempt.call.field_names:
        raise RefusedError(Reason.UNAUTHENTICATED)


def _first(given: bool) -> tuple[str, str] | None:  # noqa: FBT001 - said in one row with its reason
    main = textingline_accounts(Settings())["main"]
    return (main.key_id, main.key_secret) if given else None


def _credentials(otherwise: Callable[[str | None], tuple[str, str] | None]) -> Change[Rules]:
    return lambda r: replace(r, credentials=lambda header: basic_credentials(header) or otherwise(header))


def _any_key_id(service: Service, attempt: Attempt) -> None:
    given = basic_credentials(attempt.call.headers.get("authorization"))
    if given is not None and all(given[0] != account.key_id for account in service.accounts):
        attempt.account = service.accounts[0]
        return
    account_is_known(service, attempt)


def _bearer_or_basic(service: Service, attempt: Attempt) -> None:
    scheme, _, token = attempt.call.headers.get("authorization", "").partition(" ")
    for account in service.accounts:
        if scheme.lower() == "bearer" and token == account.key_secret:
            attempt.account = account
            return
    account_is_known(service, attempt)


def _any_bearer(service: Service, attempt: Attempt) -> None:
    if attempt.call.headers.get("authorization", "").lower().startswith("bearer "):
        attempt.account = service.accounts[0]
        return
    account_is_known(service, attempt)


def _ids(matches: Callable[[str, str], bool]) -> Change[Rules]:
    return lambda r: replace(r, id_matches=matches)


FAULTS: Final = (
    fault(
        "secret-case-ignored",
        "The key secret is compared without regard to case.",
        "A case-insensitive collation on the credentials table.",
        lambda r: replace(r, secret_matches=lambda given, known: given.lower() == known.lower()),
        "tl.auth.secret-case",
    ),
    fault(
        "secret-prefix-enough",
        "A prefix of the key secret is accepted.",
        "Only the displayed head of the secret is stored and compared.",
        lambda r: replace(r, secret_matches=lambda given, known: given[:12] == known[:12]),
        "tl.auth.secret-prefix",
    ),
    fault(
        "secret-unchecked",
        "Any secret is accepted with a known key id.",
        "The key is looked up by its id and the secret forgotten.",
        lambda r: replace(r, secret_matches=lambda given, known: True),
        "tl.auth.wrong-secret",
    ),
    fault(
        "challenge-absent",
        "401 comes without WWW-Authenticate.",
        "Authentication is checked in the handler, not by the framework.",
        after(without_header("WWW-Authenticate")),
        "http.auth.www-authenticate",
    ),
    fault(
        "key-refused-now-and-then",
        "Right credentials are refused with 401 now and then.",
        "One of several replicas has not heard of the key.",
        with_step(content_is_carried, _now_and_then),
        "tl.auth.valid-credentials",
    ),
    fault(
        "no-credentials-needed",
        "A request without credentials is sent from the first account.",
        "A development default reaches production.",
        _credentials(lambda header: _first(header is None)),
        "tl.auth.no-credentials",
    ),
    fault(
        "unknown-key-id-accepted",
        "A key id that nobody has sends from the first account.",
        "The look-up's default is the first row.",
        instead_of_step(account_is_known, _any_key_id),
        "tl.auth.unknown-key-id",
    ),
    fault(
        "empty-secret-accepted",
        "An empty secret is accepted with a known key id.",
        "A comparison that is skipped where there is nothing to compare.",
        lambda r: replace(r, secret_matches=lambda given, known: given in ("", known)),
        "tl.auth.empty-secret",
    ),
    fault(
        "scheme-ignored",
        "The secret is accepted as a Bearer token.",
        "An authentication library that tries every scheme.",
        instead_of_step(account_is_known, _bearer_or_basic),
        "tl.auth.other-scheme",
    ),
    fault(
        "unreadable-credentials-accepted",
        "Basic credentials that cannot be read are sent from the first account.",
        "The decoder's exception is caught too far out.",
        _credentials(lambda header: _first(header is not None and header.lower().startswith("basic "))),
        "tl.auth.malformed-header",
    ),
    fault(
        "secret-tail-ignored",
        "Characters after the secret are ignored.",
        "A hash that takes only so many characters.",
        lambda r: replace(r, secret_matches=lambda given, known: given.startswith(known)),
        "tl.auth.secret-extended",
    ),
    fault(
        "secret-compared-but-its-last-character",
        "A secret with another last character is accepted.",
        "A comparison that ends one character early.",
        lambda r: replace(r, secret_matches=lambda given, known: given[:-1] == known[:-1]),
        "tl.auth.wrong-secret",
    ),
    fault(
        "secret-compared-but-its-first-character",
        "A secret with another first character is accepted.",
        "A comparison that counts from one.",
        lambda r: replace(r, secret_matches=lambda given, known: given[1:] == known[1:]),
        "tl.auth.wrong-secret",
    ),
    fault(
        "key-id-compared-but-its-middle",
        "A key id with another character in its middle is accepted.",
        "Head and tail of the id are displayed, stored and compared.",
        _ids(lambda given, known: (len(given), given[:6], given[-4:]) == (len(known), known[:6], known[-4:])),
        "tl.auth.unknown-key-id",
    ),
    fault(
        "secret-head-ignored",
        "Characters before the secret are ignored.",
        "A pattern without its beginning anchored.",
        lambda r: replace(r, secret_matches=lambda given, known: given.endswith(known)),
        "tl.auth.secret-prepended",
    ),
    fault(
        "header-name-exact",
        "The name of the header field is compared letter for letter.",
        "A dictionary of fields in a hand-written server.",
        with_step(account_is_known, _name_is_exact),
        "tl.auth.header-name-case",
    ),
    fault(
        "any-bearer-accepted",
        "Any Bearer token is sent from the first account.",
        "A gateway was to check tokens, and does not.",
        instead_of_step(account_is_known, _any_bearer),
        "tl.auth.wrong-elsewhere",
    ),
    fault(
        "secret-trimmed",
        "White space around the secret is ignored.",
        "Every text of a request is trimmed.",
        lambda r: replace(r, secret_matches=lambda given, known: given.strip() == known),
        "tl.auth.secret-white-space",
    ),
    fault(
        "key-id-case-ignored",
        "The key id is compared without regard to case.",
        "A case-insensitive collation on the table of keys.",
        _ids(lambda given, known: given.lower() == known.lower()),
        "tl.auth.key-id-case",
    ),
    fault(
        "key-id-by-its-first-letters",
        "The key id is compared by its first letters.",
        "An index on a prefix of the column.",
        _ids(lambda given, known: given[:12] == known[:12]),
        "tl.auth.key-id-prefix",
    ),
    fault(
        "key-id-tail-ignored",
        "Characters after the key id are ignored.",
        "A column that keeps only so many characters.",
        _ids(lambda given, known: given.startswith(known)),
        "tl.auth.key-id-extended",
    ),
    fault(
        "key-id-head-ignored",
        "Characters before the key id are ignored.",
        "A pattern without its beginning anchored.",
        _ids(lambda given, known: given.endswith(known)),
        "tl.auth.key-id-prepended",
    ),
    fault(
        "key-id-trimmed",
        "White space around the key id is ignored.",
        "Every text of a request is trimmed.",
        _ids(lambda given, known: given.strip() == known),
        "tl.auth.key-id-white-space",
    ),
)
