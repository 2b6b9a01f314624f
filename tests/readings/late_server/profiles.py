"""Describe the accounts as target profiles."""

from . import accounts as a
from .faults import TEXTFLOW, TEXTINGLINE


def profile(provider: str, base_url: str) -> dict[str, object]:
    """Fill in the target profile of a served provider; ValueError for another."""
    filled: dict[str, object] = {"provider": provider, "base_url": base_url}
    if provider == TEXTINGLINE:
        filled |= _textingline()
    elif provider == TEXTFLOW:
        filled |= _textflow()
    else:
        raise ValueError(f"provider: expected {TEXTINGLINE} or {TEXTFLOW}, got {provider!r}")
    filled["budget"] = {
        "max_requests": 2000,
        "max_accepted": 600,
        "requests_per_second": 400.0,
        "retry_after_s": 1.0,
    }
    return filled


def _textingline() -> dict[str, object]:
    return {
        "credentials": _pair(a.LINE_MAIN),
        "account": {"senders": list(a.LINE_SENDERS), "recipients": list(a.LINE_RECIPIENTS)},
        "fixtures": {
            "inactive_sender": a.LINE_INACTIVE_SENDER,
            "unassigned_sender": a.LINE_UNASSIGNED_SENDER,
            "noncompliant_body": a.LINE_NONCOMPLIANT_BODY,
            "media_url": "https://example.com/images/promo.jpg",
            "unsupported_body": a.LINE_UNSUPPORTED_BODY,
            "no_credits": _pair(a.LINE_EMPTY),
            "metered": {**_pair(a.LINE_METERED), "balance": {"credits": a.LINE_METERED_BALANCE}},
            "failing_recipients": {kind: number for number, (kind, _) in a.LINE_FAILING.items()},
        },
    }


def _pair(key: tuple[str, str]) -> dict[str, object]:
    return {"key_id": key[0], "key_secret": key[1]}


def _textflow() -> dict[str, object]:
    return {
        "credentials": {"api_key": a.FLOW_MAIN},
        "account": {
            "senders": list(a.FLOW_SENDERS),
            "default_sender": a.FLOW_DEFAULT_SENDER,
            "recipients": list(a.FLOW_RECIPIENTS),
        },
        "fixtures": {
            "test_key": a.FLOW_TEST,
            "inactive_key": a.FLOW_INACTIVE,
            "no_numbers_key": a.FLOW_NO_NUMBERS,
            "daily_exhausted_key": a.FLOW_DAILY_EXHAUSTED,
            "unknown_sender": a.FLOW_UNKNOWN_SENDER,
            "inactive_sender": a.FLOW_INACTIVE_SENDER,
            "rate_limited": {
                "api_key": a.FLOW_RATE_LIMITED,
                "limit_per_minute": a.FLOW_LIMIT_PER_MINUTE,
                "window_s": a.FLOW_WINDOW_S,
            },
        },
    }
