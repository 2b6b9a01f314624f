"""Target profiles that describe a mock, as values and as TOML."""

import json
from collections.abc import Iterator, Mapping

from sendproof.mock import accounts
from sendproof.mock.accounts import Provider, Settings

# A mock costs nothing: a run against it is bounded by what there is to ask.
_BUDGET = {"max_requests": 10_000, "max_accepted": 10_000, "requests_per_second": 1_000.0, "retry_after_s": 60.0}


def profile(provider: Provider, base_url: str, settings: Settings | None = None) -> dict[str, object]:
    """Return the target profile of a mock, with every fixture its provider can have."""
    build = {"textingline": _textingline, "textflow": _textflow}[provider]
    return {"provider": provider, "base_url": base_url, "budget": dict(_BUDGET), **build(settings or Settings())}


def profile_toml(provider: Provider, base_url: str, settings: Settings | None = None) -> str:
    """Return the target profile of a mock as a TOML document."""
    return "\n".join(_table(profile(provider, base_url, settings), ())) + "\n"


def _textingline(settings: Settings) -> dict[str, object]:
    known = accounts.textingline_accounts(settings)
    credentials = {
        role: {"key_id": account.key_id, "key_secret": account.key_secret} for role, account in known.items()
    }
    return {
        "credentials": credentials["main"],
        "account": {"senders": list(accounts.SENDERS), "recipients": list(accounts.RECIPIENTS)},
        "fixtures": {
            "inactive_sender": accounts.INACTIVE_SENDER,
            "unassigned_sender": accounts.FOREIGN_SENDER,
            "noncompliant_body": accounts.NONCOMPLIANT_BODY,
            "unsupported_body": accounts.UNSUPPORTED_BODY,
            "media_url": accounts.MEDIA_URL,
            "no_credits": credentials["no_credits"],
            "metered": {**credentials["metered"], "balance": {"credits": settings.metered_balance}},
            "failing_recipients": dict(accounts.FAILING_RECIPIENTS),
        },
    }


def _textflow(settings: Settings) -> dict[str, object]:
    keys = accounts.textflow_keys(settings)
    return {
        "credentials": {"api_key": keys["main"].value},
        "account": {
            "senders": list(accounts.SENDERS),
            "default_sender": accounts.DEFAULT_SENDER,
            "recipients": list(accounts.RECIPIENTS),
        },
        "fixtures": {
            "test_key": keys["test"].value,
            "inactive_key": keys["inactive"].value,
            "no_numbers_key": keys["no_numbers"].value,
            "daily_exhausted_key": keys["daily_exhausted"].value,
            "unknown_sender": accounts.FOREIGN_SENDER,
            "inactive_sender": accounts.INACTIVE_SENDER,
            "rate_limited": {
                "api_key": keys["rate_limited"].value,
                "limit_per_minute": settings.limit_per_minute,
                "window_s": settings.window_s,
            },
        },
    }


def _table(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table; TOML's basic strings are JSON's, save for DEL and surrogates."""
    if path:
        yield ""
        yield f"[{'.'.join(path)}]"
    for name, value in table.items():
        if not isinstance(value, dict):
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _table(value, (*path, name))
