"""Describe a started server as a target: where it is, its credentials and its fixtures."""

from tests.readings.plain_server import accounts, faults
from tests.readings.plain_server.accounts import Key


def profile(provider: str, base_url: str) -> dict[str, object]:
    """Return the target profile of a server that `serve` started at `base_url`."""
    faults.check(provider, None)
    parts = _textingline() if provider == faults.TEXTINGLINE else _textflow()
    budget: dict[str, object] = {
        "max_requests": 2000,
        "max_accepted": 600,
        "requests_per_second": 400.0,
        "retry_after_s": accounts.WINDOW_S,
    }
    return {"provider": provider, "base_url": base_url, "budget": budget, **parts}


def _pair(key: Key) -> dict[str, object]:
    return {"key_id": key.name, "key_secret": key.secret}


def _textingline() -> dict[str, object]:
    return {
        "credentials": _pair(accounts.TL_MAIN),
        "account": {
            "senders": [number.number for number in accounts.TL_SENDERS],
            "recipients": list(accounts.TL_RECIPIENTS),
        },
        "fixtures": {
            "inactive_sender": accounts.TL_INACTIVE.number,
            "unassigned_sender": accounts.TL_UNASSIGNED.number,
            "noncompliant_body": accounts.TL_NONCOMPLIANT_BODY,
            "media_url": "https://example.com/images/promo.jpg",
            "unsupported_body": accounts.TL_UNSUPPORTED_BODY,
            "no_credits": _pair(accounts.TL_EMPTY),
            "metered": {**_pair(accounts.TL_METERED), "balance": {"credits": accounts.TL_METERED.balance}},
            "failing_recipients": {kind: number for kind, (number, _) in accounts.TL_FAILING.items()},
        },
    }


def _textflow() -> dict[str, object]:
    return {
        "credentials": {"api_key": accounts.TF_MAIN.name},
        "account": {
            "senders": [number.number for number in accounts.TF_SENDERS],
            "default_sender": next(number.number for number in accounts.TF_SENDERS if number.default),
            "recipients": list(accounts.TF_RECIPIENTS),
        },
        "fixtures": {
            "test_key": accounts.TF_TEST.name,
            "inactive_key": accounts.TF_INACTIVE.name,
            "no_numbers_key": accounts.TF_NO_NUMBERS.name,
            "daily_exhausted_key": accounts.TF_EXHAUSTED.name,
            "unknown_sender": accounts.TF_UNKNOWN_SENDER.number,
            "inactive_sender": accounts.TF_INACTIVE_SENDER.number,
            "rate_limited": {
                "api_key": accounts.TF_LIMITED.name,
                "limit_per_minute": accounts.TF_LIMITED.per_window,
                "window_s": accounts.WINDOW_S,
            },
        },
    }
